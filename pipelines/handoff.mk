# What people take over: who is in which smart flow (handoff/smart-flow-membership.csv), and what each flow does
# (handoff/smart-flows.md, .html).  The CSV is a target like any other: mapped, written, read back, reconciled.
FLOW = data/source/smart_flow/10-extracted.ndjson
ENROLLMENT = data/source/smart_flow_enrollment/10-extracted.ndjson
MEMBERSHIP = handoff/smart-flow-membership.csv
HANDOFF_BOM ?= no
BOOKS += flow

HANDED += flow
TABLE_flow = smart_flow_membership
MODULE_flow = smart_flow_enrollment
SOURCE_flow = $(ENROLLMENT)
TIME_flow = enrolledAt
IDS_flow = flow smart_flow contact lead opportunity account
LOST_flow = smart_flow_enrollment:flow contact:contact contact:lead contact:undecided deal:opportunity company:account
METADATA_flow = data/flow/metadata.ndjson
VERIFY_flow = --set-aside data/flow/ids

# An enrolment needs its flow.
data/smart_flow/ids.ndjson: $(FLOW)
	$(call ids,smart_flow,smart_flow,$<)

# Its table is described here, the tables that its rows name are the target's.
data/flow/metadata.ndjson: $(METADATA)
	@mkdir -p $(@D)
	@cat $(SMDYN)/pipelines/flow.ndjson $< >$@.tmp
	@mv -f $@.tmp $@

# What the enrolled records are called in the target.
data/flow/names.ndjson: data/flow/40-mapped.ndjson
	@jq -n -c --slurpfile row $< -f $(SMDYN)/pipelines/names.jq $(foreach o,account contact lead opportunity,data/$o/40-mapped.ndjson) >$@.tmp
	@mv -f $@.tmp $@

$(MEMBERSHIP): data/flow/40-mapped.ndjson data/flow/names.ndjson data/flow/bom
	@mkdir -p $(@D)
	@jq -n -j --slurpfile name data/flow/names.ndjson --arg bom "$(HANDOFF_BOM)" \
		-f $(SMDYN)/pipelines/membership.jq $< >$@.tmp
	@mv -f $@.tmp $@
	@echo "$@"

# The setting, so that another one makes the CSV again.
data/flow/bom: FORCE
	@mkdir -p $(@D)
	@echo "$(HANDOFF_BOM)" >$@.tmp; if cmp -s $@.tmp $@; then rm $@.tmp; else mv -f $@.tmp $@; fi

# The proof: the CSV as any reader of RFC 4180 sees it, a row an enrolment.
data/flow/55-read.ndjson: $(MEMBERSHIP)
	$(say)csv-ndjson --keep $< >$@.csv.tmp
	@jq -n -c --slurpfile row data/flow/40-mapped.ndjson -f $(SMDYN)/pipelines/membership-read.jq $@.csv.tmp >$@.tmp
	@rm $@.csv.tmp
	@mv -f $@.tmp $@

data/flow/50-loaded.ndjson: data/flow/55-read.ndjson
	@jq -n -c --slurpfile read $< -f $(SMDYN)/pipelines/membership-written.jq data/flow/40-mapped.ndjson >$@.tmp
	@mv -f $@.tmp $@

# The inventory: each active flow with what should replace it, the others listed apart.
data/flow/equivalents.ndjson: maps/flows.csv
	@mkdir -p $(@D)
	@csv-ndjson --keep $< >$@.tmp
	@mv -f $@.tmp $@

INVENTORY = handoff/smart-flows.md handoff/smart-flows.html
$(INVENTORY) &: $(FLOW) $(ENROLLMENT) data/flow/equivalents.ndjson data/flow/60-verified.ndjson
	@mkdir -p $(@D)
	@for form in md html; do \
		jq -n -r --arg form $$form --slurpfile flow $(FLOW) --slurpfile equivalent data/flow/equivalents.ndjson \
			--slurpfile books data/flow/60-verified.ndjson -f $(SMDYN)/pipelines/flows.jq $(ENROLLMENT) >handoff/smart-flows.$$form.tmp || exit; \
		mv -f handoff/smart-flows.$$form.tmp handoff/smart-flows.$$form || exit 74; \
	done
	@echo 'handoff/smart-flows.md'

handoff: data/flow/gate $(MEMBERSHIP) $(INVENTORY)
