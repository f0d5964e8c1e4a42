/*
 * A file's bytes: {"path","sha256","size"} of the record becomes the row's
 * _file, for dyn-load to send.  The bytes themselves are not looked at here.
 */
#include "map.h"

static bool
is_hash(const struct json_value *v)
{
	return v->kind == JSON_STRING && v->n == 64 && !v->escaped && strspn(v->p, "0123456789abcdef") >= 64;
}

bool
file_put(struct buf *b, const struct output *o, const struct json_value *v, struct problem *p)
{
	struct json_value path, hash, size;
	int64_t n;

	if (v->kind != JSON_OBJECT) {
		problem_say(p, "wrong-type", "no object with path, sha256 and size where a file is due");
		return false;
	}
	if (!json_member(v, "path", &path) || path.kind != JSON_STRING || value_blank(&path) || text_bad(&path) != UINT32_MAX) {
		problem_say(p, "wrong-type", "the file has no path");
		return false;
	}
	if (!json_member(v, "sha256", &hash) || !is_hash(&hash)) {
		problem_say(p, "wrong-type", "the file's sha256 is not 64 hexadecimal digits in lower case");
		return false;
	}
	if (!json_member(v, "size", &size) || !json_int(&size, &n) || n < 0) {
		problem_say(p, "wrong-type", "the file's size is no whole number of bytes");
		return false;
	}
	put(b, o->label.p, o->label.n);
	put(b, "\"path\":", 7);
	json_put(b, &path);
	put(b, ",\"sha256\":", 10);
	json_put(b, &hash);
	put(b, ",\"size\":", 8);
	json_put(b, &size);
	put(b, "}", 1);
	return true;
}
