# Companies become accounts.

# Rows that are there already: candidates for a match.
data/account/existing.ndjson: data/target/metadata/tables.ndjson
	@mkdir -p $(@D)
	dyn-extract account --select accountid,name,websiteurl,emailaddress1,sm_salesmate_id >$@.tmp
	@mv -f $@.tmp $@

data/account/ids.ndjson: $(COMPANY) data/account/existing.ndjson
	$(call ids,company,account,$<,--existing data/account/existing.ndjson $(MATCH_ACCOUNT:%=--match %))

data/account/30-resolved.ndjson: $(COMPANY) data/account/ids.ndjson data/owner/ids.ndjson data/currency/ids.ndjson maps/refs-account.csv | data/owner/gate
	$(call resolve,$<,$(addprefix --ids ,$(filter %/ids.ndjson,$^)),maps/refs-account.csv,$(call own,company,account) \
		--lost currency=data/currency/ids.queue.ndjson)

data/account/40-mapped.ndjson: data/account/30-resolved.ndjson maps/account.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/account.csv)

data/account/50-loaded.ndjson: data/account/40-mapped.ndjson | maps/confirmed
	$(call load)

data/account/55-read.ndjson: data/account/50-loaded.ndjson
	$(call read,account,maps/account.csv,createdon)

data/account/60-verified.ndjson: data/account/55-read.ndjson data/account/50-loaded.ndjson
	$(call verify,account,$(COMPANY),$<,--complete)

data/account/gate: data/account/60-verified.ndjson
	$(gate)
