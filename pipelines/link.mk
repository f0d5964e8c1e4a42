# Links that had to wait until both rows are there: parents of accounts, by the field that PARENT_FIELD names.
OBJECTS += $(if $(PARENT_FIELD),link)
TABLE_link = account
SOURCE_link = $(COMPANY)
LOST_link = company:account
RESOLVE_link = --acyclic parent

data/link/30-resolved.ndjson: data/account/ids.ndjson | data/opportunity/gate
