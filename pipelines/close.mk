# Won and lost deals: their opportunities are closed once everything that hangs on them is there.

data/close/ids.ndjson: $(DEAL)
	$(call ids,deal-close,opportunityclose,$<,)

data/close/30-resolved.ndjson: $(DEAL) data/close/ids.ndjson data/opportunity/ids.ndjson data/currency/ids.ndjson maps/refs-close.csv \
		$(call aside,opportunity) | data/opportunity/gate
	$(call resolve,$<,$(addprefix --ids ,$(filter %/ids.ndjson,$^)),maps/refs-close.csv,$(call own,deal-close,close) \
		$(call lost,deal,opportunity))

data/close/40-mapped.ndjson: data/close/30-resolved.ndjson maps/close.csv data/target/metadata/tables.ndjson data/target/choices.csv
	$(call map,maps/close.csv)

data/close/50-loaded.ndjson: data/close/40-mapped.ndjson | maps/confirmed
	$(call load)

data/close/55-read.ndjson: data/close/50-loaded.ndjson
	dyn-extract opportunity --select opportunityid,sm_salesmate_id,sm_status,statecode,statuscode,estimatedvalue,actualvalue,actualclosedate >$@.tmp
	@mv -f $@.tmp $@

data/close/60-verified.ndjson: data/close/55-read.ndjson data/close/50-loaded.ndjson
	$(call verify,close,$(DEAL),$<,--key opportunityid --compare actualend=actualclosedate \
		--compare actualrevenue=actualvalue --compare _status=statuscode --tally statecode)

data/close/gate: data/close/60-verified.ndjson
	$(gate)
