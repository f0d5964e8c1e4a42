# Who an address is: the accounts, contacts and leads that are in the target, and its enabled users.
ADDRESSED = account contact lead
data/address/ids.ndjson: $(foreach o,$(ADDRESSED),data/$o/40-mapped.ndjson data/$o/50-loaded.ndjson) data/target/systemuser.ndjson
	@mkdir -p $(@D)
	@jq -n -c --slurpfile lost data/account/50-loaded.rejects.ndjson --slurpfile lost2 data/contact/50-loaded.rejects.ndjson \
		--slurpfile lost3 data/lead/50-loaded.rejects.ndjson -f $(SMDYN)/pipelines/addresses.jq \
		$(ADDRESSED:%=data/%/40-mapped.ndjson) data/target/systemuser.ndjson >$@.tmp
	@mv -f $@.tmp $@
