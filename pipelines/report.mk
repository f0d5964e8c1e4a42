# What happened, for machines (summary.json) and for people (index.html, the terminal);
# made from whatever the chain has reached, so also when a gate stopped it.

# PHASE:OBJECT, in their order; the contacts that nobody decided about have books of their own, beside the leads'.
REPORTED = $(patsubst leads:lead,leads:lead leads:undecided,$(foreach p,$(PHASES),$(PHASE_$p:%=$p:%)) $(BOOKS:%=handoff:%))
# What has fields of its own: not what only changes rows that are there.
CARRIED = $(foreach o,$(filter-out $(PHASE_links) $(PHASE_closing),$(EVERY)),$(if $(MODULE_$o),$o))
HOLDING = $(foreach o,$(CARRIED),$(if $(HASH_$o),$o))
# What is a record of Salesmate: not the units and price lists that its products need, nor what is told of records again.
RECORDS = $(filter-out uomschedule uom pricelevel $(HANDED) $(PROCESSES),$(CARRIED)) undecided

# How many lines of the files $2 hold the text $1; none when there is no file yet.
count = cat $2 2>/dev/null | grep -cF '$1'
# $(call each,OBJECTS,FILE,JQ): what jq makes of data/OBJECT/FILE, where there is one.
each = for o in $1; do if [ -e data/$$o/$2 ]; then jq -c --arg object "$$o" '$3' data/$$o/$2 || exit; fi; done
# Lists of the report, each from files that may not be there yet.
LISTS = done owner coverage file custom schema cause

report:
	@mkdir -p report data
	@$(call each,$(foreach r,$(REPORTED),$(lastword $(subst :, ,$r))),60-verified.ndjson,.) >report/done.tmp
	@if [ -e data/owner/ids.ndjson ]; then cat data/owner/ids.ndjson data/owner/ids.queue.ndjson; fi >report/owner.tmp
	@$(call each,$(CARRIED),coverage.ndjson,{object: $$object} + .) >report/coverage.tmp
	@$(call each,$(HOLDING),40-mapped.ndjson,{object: $$object$(comma) size: ._file.size}) >report/file.tmp
	@if [ -e data/profile/custom.ndjson ]; then cat data/profile/custom.ndjson; fi >report/custom.tmp
	@if [ -e data/target/schema.ndjson ]; then cat data/target/schema.ndjson; fi >report/schema.tmp
	@set --; for f in $$(jq -r '"data/\(.object)/\(.causes[]? | "\(.stage).\(.kind)").ndjson"' report/done.tmp | sort -u); do \
		if [ -e "$$f" ]; then set -- "$$@" "$$f"; fi; \
	done; if [ $$# -gt 0 ]; then jq -n -c --arg objects "$(strip $(REPORTED))" -f $(SMDYN)/pipelines/aside.jq "$$@"; fi >report/cause.tmp
	@jq -n $(foreach l,$(LISTS),--slurpfile $l report/$l.tmp) --arg tags "$$(cat maps/tags 2>/dev/null)" \
		--arg objects "$(strip $(REPORTED))" --arg records "$(strip $(RECORDS))" --arg holding "$(strip $(HOLDING))" \
		--arg gates "$$(for o in owner $(foreach r,$(REPORTED),$(lastword $(subst :, ,$r))); do if [ -e data/$$o/gate ]; then printf '%s ' $$o; fi; done)" \
		--argjson handoff "$$(ls handoff 2>/dev/null | jq -R -n '[inputs | "handoff/" + .]')" --arg lead_deals "$(LEAD_DEALS)" --arg lifecycle "$(LIFECYCLE_FIELD)" \
		--arg fallback "$(FALLBACK_OWNER)" --arg allow "$(ALLOW_REJECTS)" --arg namespace "$(NAMESPACE)" \
		--arg organization "$$(cat data/target/organization 2>/dev/null)" \
		--argjson linked "$$($(call count,"contact":{"table":"lead",data/opportunity/30-resolved.ndjson))" \
		--argjson promoted "$$($(call count,says lead; promoted:,data/source/contact/20-split.ndjson))" \
		--argjson substituted "$$($(call count,"how":"fallback",$(CARRIED:%=data/%/30-resolved.ndjson)))" \
		-f $(SMDYN)/pipelines/summary.jq >report/summary.json.tmp
	@jq -r -L $(SMDYN)/pipelines -f $(SMDYN)/pipelines/page.jq report/summary.json.tmp >report/index.html.tmp
	@jq -r -L $(SMDYN)/pipelines -f $(SMDYN)/pipelines/table.jq report/summary.json.tmp
	@rm -f $(LISTS:%=report/%.tmp)
	@mv -f report/index.html.tmp report/index.html
	@mv -f report/summary.json.tmp report/summary.json
