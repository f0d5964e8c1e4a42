# What happened, for machines (summary.json) and for people (index.html, the terminal);
# made from whatever the chain has reached, so also when a gate stopped it.

REPORTED = $(patsubst lead,lead undecided,$(OBJECTS)) $(BOOKS)

# How many lines of the files $2 hold the text $1; none when there is no file yet.
count = cat $2 2>/dev/null | grep -cF '$1'

report:
	@mkdir -p report data
	@for o in $(REPORTED); do if [ -e data/$$o/60-verified.ndjson ]; then cat data/$$o/60-verified.ndjson; fi; done >report/objects.tmp
	@if [ -e data/owner/ids.ndjson ]; then cat data/owner/ids.ndjson data/owner/ids.queue.ndjson; fi >report/owners.tmp
	@jq -n --slurpfile done report/objects.tmp --slurpfile owner report/owners.tmp \
		--arg objects "$(strip $(REPORTED))" --arg lead_deals "$(LEAD_DEALS)" --arg lifecycle "$(LIFECYCLE_FIELD)" \
		--arg fallback "$(FALLBACK_OWNER)" --arg allow "$(ALLOW_REJECTS)" --arg namespace "$(NAMESPACE)" \
		--arg organization "$$(cat data/target/organization 2>/dev/null)" \
		--argjson linked "$$($(call count,"contact":{"table":"lead",data/opportunity/30-resolved.ndjson))" \
		--argjson promoted "$$($(call count,says lead; promoted:,data/source/contact/20-split.ndjson))" \
		--argjson substituted "$$($(call count,"how":"fallback",$(OBJECTS:%=data/%/30-resolved.ndjson)))" \
		-f $(SMDYN)/pipelines/summary.jq >report/summary.json.tmp
	@jq -r -f $(SMDYN)/pipelines/page.jq report/summary.json.tmp >report/index.html.tmp
	@jq -r -f $(SMDYN)/pipelines/table.jq report/summary.json.tmp
	@rm -f report/objects.tmp report/owners.tmp
	@mv -f report/index.html.tmp report/index.html
	@mv -f report/summary.json.tmp report/summary.json
