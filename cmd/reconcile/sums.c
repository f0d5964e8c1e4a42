#include "reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

struct side {
	uint64_t count, valued, unreadable;
	struct decimal sum;
};

struct group {
	char *name;
	struct side side[3];
};

struct sums {
	struct group *group;
	size_t groups;
};

struct sums *
sums_new(void)
{
	return xcalloc(1, sizeof(struct sums));
}

/* The group's name: its text, or "" where there is none. */
static char *
name_of(const struct json_value *v)
{
	char *name = json_strdup(v);

	if (name == NULL && v != NULL && v->kind == JSON_NUMBER)
		name = xstrndup(v->p, v->n);
	return name != NULL ? name : xstrdup("");
}

static struct group *
group_of(struct sums *s, const struct json_value *v)
{
	char *name = name_of(v);
	size_t i;

	for (i = 0; i < s->groups; i++) {
		if (strcmp(s->group[i].name, name) == 0) {
			free(name);
			return &s->group[i];
		}
	}
	s->group = xreallocarray(s->group, s->groups + 1, sizeof(*s->group));
	s->group[s->groups] = (struct group){ .name = name };
	return &s->group[s->groups++];
}

void
sums_add(struct sums *s, enum sums_side at, const struct json_value *group, const struct json_value *value)
{
	struct side *side = &group_of(s, group)->side[at];
	struct decimal d;

	side->count++;
	if (json_null(value) || (value->kind == JSON_STRING && value->n == 0))
		return;
	if (decimal_read(value, &d) && !__builtin_add_overflow(side->sum.v, d.v, &side->sum.v)) {
		side->valued++;
	} else {
		side->unreadable++;
	}
}

bool
sums_balanced(const struct sums *s)
{
	const struct side *x;
	size_t i;

	for (i = 0; i < s->groups; i++) {
		x = s->group[i].side;
		if (x[SUMS_SOURCE].count != x[SUMS_TARGET].count + x[SUMS_ASIDE].count ||
		    x[SUMS_SOURCE].sum.v != x[SUMS_TARGET].sum.v + x[SUMS_ASIDE].sum.v)
			return false;
	}
	return true;
}

static void
print_side(struct buf *b, const struct side *x)
{
	buf_printf(b, "\"count\":%llu,\"with_value\":%llu,\"unreadable\":%llu,\"sum\":\"", (unsigned long long)x->count,
	    (unsigned long long)x->valued, (unsigned long long)x->unreadable);
	decimal_print(b, x->sum);
	buf_char(b, '"');
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

void
sums_print(const struct sums *s, struct buf *b)
{
	static const char *const name[] = { "source", "target", "set_aside" };
	size_t i, k;

	if (s->groups > 0)
		qsort(s->group, s->groups, sizeof(*s->group), by_name);
	buf_char(b, '[');
	for (i = 0; i < s->groups; i++) {
		buf_str(b, i > 0 ? ",{\"group\":" : "{\"group\":");
		buf_json_str(b, s->group[i].name);
		for (k = 0; k < 3; k++) {
			buf_printf(b, ",\"%s\":{", name[k]);
			print_side(b, &s->group[i].side[k]);
			buf_char(b, '}');
		}
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

void
sums_print_side(const struct sums *s, enum sums_side at, struct buf *b)
{
	size_t i;

	if (s->groups > 0)
		qsort(s->group, s->groups, sizeof(*s->group), by_name);
	buf_char(b, '[');
	for (i = 0; i < s->groups; i++) {
		buf_str(b, i > 0 ? ",{\"group\":" : "{\"group\":");
		buf_json_str(b, s->group[i].name);
		buf_char(b, ',');
		print_side(b, &s->group[i].side[at]);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}
