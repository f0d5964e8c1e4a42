# Files: those of notes, and those of records (intake/file), each a note with a document on the same record.
MODULES += file
FILE_PARTS = data/file/note.ndjson data/file/record.ndjson
data/file/record.ndjson data/file/record-split.ndjson &: data/source/file/10-extracted.ndjson data/target/limits.json
	$(call files,data/file/record.ndjson,data/file/record-split.ndjson,--module file,$<)

# All together; what was set aside is in the books too.
data/file/20-split.ndjson: $(FILE_PARTS)
	@cat $(FILE_PARTS) >$@.tmp
	@cat $(call rejects,$(FILE_PARTS)) >$(call rejects,$@).tmp
	$(call place,$(call rejects,$@) $@)

OBJECTS += file
TABLE_file = annotation
MODULE_file = file
SOURCE_file = data/file/20-split.ndjson
TIME_file = createAt
IDS_file = file $(PARENTS) owner
LOST_file = $(LOST_PARENTS)
HASH_file = documentbody
VERIFY_file = --complete --source data/file/20-split.rejects.ndjson --set-aside data/file/20-split
