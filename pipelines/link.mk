# Links that had to wait until both rows are there: parents of accounts, by the field that PARENT_FIELD names.
OBJECTS += $(if $(PARENT_FIELD),link)
TABLE_link = account
SOURCE_link = $(COMPANY)
IDS_link = account
LOST_link = company:account
RESOLVE_link = --acyclic parent

data/link/30-resolved.ndjson: | parent-field
parent-field: maps/refs-link.csv
	@grep -q '^parent,$(PARENT_FIELD),' $< || { echo "$<: the parent is not taken from PARENT_FIELD=$(PARENT_FIELD): mend its line" >&2; exit 78; }
.PHONY: parent-field
