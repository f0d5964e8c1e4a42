# Links that had to wait until both rows are there: parents of accounts, by the field that PARENT_FIELD names.
OBJECTS += $(if $(PARENT_FIELD),link)
TABLE_link = account
SOURCE_link = $(COMPANY)
LOST_link = company:account
RESOLVE_link = --acyclic parent

data/link/30-resolved.ndjson: data/account/ids.ndjson | data/opportunity/gate parent-field

# The references were written when the migration began; a setting that changed since would change nothing in silence.
parent-field: maps/refs-link.csv
	@grep -q '^parent,$(PARENT_FIELD),' $< || { echo "$<: the parent is not taken from PARENT_FIELD=$(PARENT_FIELD): mend its line" >&2; exit 78; }
.PHONY: parent-field
