# Contacts at an earlier stage become leads.

data/lead/existing.ndjson: data/target/metadata/tables.ndjson
	@mkdir -p $(@D)
	dyn-extract lead --select leadid,emailaddress1,sm_salesmate_id >$@.tmp
	@mv -f $@.tmp $@

data/lead/ids.ndjson: data/lead/20-split.ndjson data/lead/existing.ndjson
	$(call ids,contact,lead,$<,--existing data/lead/existing.ndjson $(MATCH_LEAD:%=--match %))

data/lead/30-resolved.ndjson: data/lead/20-split.ndjson data/lead/ids.ndjson data/account/ids.ndjson data/owner/ids.ndjson \
		data/currency/ids.ndjson maps/refs-lead.csv $(call aside,account) | data/contact/gate
	$(call resolve,$<,$(addprefix --ids ,$(filter %/ids.ndjson,$^)),maps/refs-lead.csv,$(call own,contact,lead) \
		$(call lost,company,account) --lost currency=data/currency/ids.queue.ndjson)

data/lead/40-mapped.ndjson: data/lead/30-resolved.ndjson maps/lead.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/lead.csv)

data/lead/50-loaded.ndjson: data/lead/40-mapped.ndjson | maps/confirmed
	$(call load)

data/lead/55-read.ndjson: data/lead/50-loaded.ndjson
	$(call read,lead,maps/lead.csv,createdon)

data/lead/60-verified.ndjson: data/lead/55-read.ndjson data/lead/50-loaded.ndjson
	$(call verify,lead,data/lead/20-split.ndjson,$<,--complete)

data/lead/gate: data/lead/60-verified.ndjson
	$(gate)
