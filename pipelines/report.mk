# What happened, for machines (summary.json) and for people (index.html, the terminal);
# made from whatever the chain has reached, so also when a gate stopped it.

# PHASE:OBJECT, in their order; the contacts that nobody decided about have books of their own, beside the leads'.
REPORTED = $(patsubst leads:lead,leads:lead leads:undecided,$(foreach p,$(PHASES),$(PHASE_$p:%=$p:%)) $(BOOKS:%=handoff:%))
# What has fields and files of its own; the others change rows that are there.
CARRIED = $(foreach o,$(OBJECTS),$(if $(MODULE_$o),$o))

# How many lines of the files $2 hold the text $1; none when there is no file yet.
count = cat $2 2>/dev/null | grep -cF '$1'

report:
	@mkdir -p report data
	@for o in $(foreach r,$(REPORTED),$(lastword $(subst :, ,$r))); do if [ -e data/$$o/60-verified.ndjson ]; then cat data/$$o/60-verified.ndjson; fi; done >report/objects.tmp
	@if [ -e data/owner/ids.ndjson ]; then cat data/owner/ids.ndjson data/owner/ids.queue.ndjson; fi >report/owners.tmp
	@for o in $(CARRIED); do if [ -e data/$$o/coverage.ndjson ]; then jq -c --arg object "$$o" '{object: $$object} + .' data/$$o/coverage.ndjson || exit; fi; done >report/coverage.tmp
	@for o in $(foreach o,$(CARRIED),$(if $(HASH_$o),$o)); do if [ -e data/$$o/40-mapped.ndjson ]; then jq -c --arg object "$$o" '{object: $$object, size: ._file.size}' data/$$o/40-mapped.ndjson || exit; fi; done >report/files.tmp
	@if [ -e data/profile/custom.ndjson ]; then cat data/profile/custom.ndjson; fi >report/custom.tmp
	@jq -n --slurpfile done report/objects.tmp --slurpfile owner report/owners.tmp --slurpfile coverage report/coverage.tmp --slurpfile file report/files.tmp \
		--slurpfile custom report/custom.tmp --arg tags "$$(cat maps/tags 2>/dev/null)" \
		--arg objects "$(strip $(REPORTED))" --arg lead_deals "$(LEAD_DEALS)" --arg lifecycle "$(LIFECYCLE_FIELD)" \
		--arg fallback "$(FALLBACK_OWNER)" --arg allow "$(ALLOW_REJECTS)" --arg namespace "$(NAMESPACE)" \
		--arg organization "$$(cat data/target/organization 2>/dev/null)" \
		--argjson linked "$$($(call count,"contact":{"table":"lead",data/opportunity/30-resolved.ndjson))" \
		--argjson promoted "$$($(call count,says lead; promoted:,data/source/contact/20-split.ndjson))" \
		--argjson substituted "$$($(call count,"how":"fallback",$(OBJECTS:%=data/%/30-resolved.ndjson)))" \
		-f $(SMDYN)/pipelines/summary.jq >report/summary.json.tmp
	@jq -r -f $(SMDYN)/pipelines/page.jq report/summary.json.tmp >report/index.html.tmp
	@jq -r -f $(SMDYN)/pipelines/table.jq report/summary.json.tmp
	@rm -f report/objects.tmp report/owners.tmp report/coverage.tmp report/files.tmp report/custom.tmp
	@mv -f report/index.html.tmp report/index.html
	@mv -f report/summary.json.tmp report/summary.json
