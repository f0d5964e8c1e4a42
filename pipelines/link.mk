# Links that had to wait until both rows are there: parents of accounts.

data/link/30-resolved.ndjson: $(COMPANY) data/account/ids.ndjson maps/refs-link.csv $(call aside,account) | data/opportunity/gate
	$(call resolve,$<,--ids data/account/ids.ndjson,maps/refs-link.csv,--acyclic parent $(call lost,company,account))

data/link/40-mapped.ndjson: data/link/30-resolved.ndjson maps/link.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/link.csv)

data/link/50-loaded.ndjson: data/link/40-mapped.ndjson | maps/confirmed
	$(call load)

data/link/55-read.ndjson: data/link/50-loaded.ndjson
	$(call read,account,maps/link.csv)

data/link/60-verified.ndjson: data/link/55-read.ndjson data/link/50-loaded.ndjson
	$(call verify,link,$(COMPANY),$<)

data/link/gate: data/link/60-verified.ndjson
	$(gate)
