# Notes: HTML on the record that they were written on; images inside the text, attachments and earlier versions are files.
NOTE = data/source/note/10-extracted.ndjson
FETCHED = data/source/attachment/10-extracted.ndjson
OWNED += $(NOTE)

# How much text annotation.notetext takes, less what mending its HTML may add to it (100,000; reference 9.6).
NOTE_LIMIT = 98000

# What the organisation takes: kinds of files that it blocks, the largest one.
data/target/limits.json: data/target/organization
	@dyn-extract --organization >$@.tmp
	@mv -f $@.tmp $@

# $(call files,FILES,RECORDS,OPTIONS,FROM): the files of records to FILES, the records to RECORDS, the bytes to data/files.
define files
@mkdir -p $(sort $(dir $1 $2))
$(say)split-files $3 $(if $(wildcard intake/files),--intake intake) --organization data/target/limits.json --store data/files \
	--files $1.tmp --rejects $(call rejects,$1).tmp <$4 >$2.tmp
$(call place,$(call rejects,$1) $1 $2)
endef

NOTE_SPLIT = data/file/note.ndjson data/note/20-split.ndjson
$(NOTE_SPLIT) &: $(NOTE) $(FETCHED) data/target/limits.json
	$(call files,$(word 1,$(NOTE_SPLIT)),$(word 2,$(NOTE_SPLIT)),--module note --html note --limit $(NOTE_LIMIT) --have $(FETCHED),$<)

# Whatever a note can be on.
PARENTS = opportunity contact lead account $(filter task call appointment,$(OBJECTS))
LOST_PARENTS = deal:opportunity contact:contact contact:lead contact:undecided company:account \
	$(patsubst %,activity:%,$(filter task call appointment,$(OBJECTS)))

OBJECTS += note
TABLE_note = annotation
MODULE_note = note
SOURCE_note = data/note/20-split.ndjson
TIME_note = createAt
IDS_note = note $(PARENTS) owner
LOST_note = $(LOST_PARENTS)
VERIFY_note = --complete
