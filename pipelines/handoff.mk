# What people take over: who is in which smart flow (handoff/smart-flow-membership.csv), and what each flow does
# (handoff/smart-flows.md, .html).  The CSV is a target like any other: mapped, written, read back, reconciled.
FLOW = data/source/smart_flow/10-extracted.ndjson
ENROLLMENT = data/source/smart_flow_enrollment/10-extracted.ndjson
MEMBERSHIP = handoff/smart-flow-membership.csv
HANDOFF_BOM ?=
BOOKS += flow

LOST_flow = smart_flow_enrollment:flow contact:contact contact:lead contact:undecided deal:opportunity company:account
data/flow/ids.ndjson: $(ENROLLMENT)
	$(call ids,smart_flow_enrollment,smart_flow_membership,$<)

data/smart_flow/ids.ndjson: $(FLOW)
	$(call ids,smart_flow,smart_flow,$<)

data/flow/25-ordered.ndjson: $(ENROLLMENT)
	@mkdir -p $(@D)
	$(say)order-records --time enrolledAt <$< >$@.tmp
	@mv -f $@.tmp $@

data/flow/30-resolved.ndjson: data/flow/25-ordered.ndjson maps/refs-flow.csv data/undecided/60-verified.ndjson \
		$(foreach o,flow smart_flow contact lead opportunity account,data/$o/ids.ndjson) $(foreach o,contact lead opportunity account,data/$o/50-loaded.ndjson) \
		| data/$(lastword $(OBJECTS))/gate
	$(say)resolve-ids $(addprefix --ids ,$(filter %/ids.ndjson,$^)) --refs maps/refs-flow.csv $(call lost,flow) \
		--rejects $(call rejects,$@).tmp --queue $(call queue,$@).tmp --skipped $(call skipped,$@).tmp <$< >$@.tmp
	$(call place,$(call rejects,$@) $(call queue,$@) $(call skipped,$@) $@)

# Its table is described here, the tables that its rows name are the target's.
data/flow/metadata.ndjson: $(METADATA)
	@mkdir -p $(@D)
	@cat $(SMDYN)/pipelines/flow.ndjson $< >$@.tmp
	@mv -f $@.tmp $@

data/flow/40-mapped.ndjson: data/flow/30-resolved.ndjson maps/flow.csv data/flow/metadata.ndjson $(CHOICES)
	$(say)map-fields --map maps/flow.csv --metadata data/flow/metadata.ndjson --choices $(CHOICES) --coverage $(@D)/coverage.ndjson.tmp \
		--rejects $(call rejects,$@).tmp --skipped $(call skipped,$@).tmp <$< >$@.tmp
	$(call place,$(@D)/coverage.ndjson $(call rejects,$@) $(call skipped,$@) $@)

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
data/flow/bom: always
	@mkdir -p $(@D)
	@case "$(HANDOFF_BOM)" in yes|no|'') ;; *) echo "HANDOFF_BOM=$(HANDOFF_BOM): yes or no" >&2; exit 78;; esac
	@echo "$(HANDOFF_BOM)" >$@.tmp; if cmp -s $@.tmp $@; then rm $@.tmp; else mv -f $@.tmp $@; fi
always:
.PHONY: always

# The proof: the CSV as any reader of RFC 4180 sees it, a row an enrolment.
data/flow/55-read.ndjson: $(MEMBERSHIP)
	$(say)csv-ndjson --keep $< >$@.csv.tmp
	@jq -n -c --slurpfile row data/flow/40-mapped.ndjson -f $(SMDYN)/pipelines/membership-read.jq $@.csv.tmp >$@.tmp
	@rm $@.csv.tmp
	@mv -f $@.tmp $@

data/flow/50-loaded.ndjson: data/flow/55-read.ndjson
	@jq -n -c --slurpfile read $< -f $(SMDYN)/pipelines/membership-written.jq data/flow/40-mapped.ndjson >$@.tmp
	@mv -f $@.tmp $@

data/flow/60-verified.ndjson: data/flow/55-read.ndjson data/flow/50-loaded.ndjson
	$(say)reconcile --object flow --source $(ENROLLMENT) --mapped data/flow/40-mapped.ndjson --loaded data/flow/50-loaded.ndjson --target $< \
		--metadata data/flow/metadata.ndjson --mismatches data/flow/60-mismatches.ndjson \
		--set-aside data/flow/ids --set-aside data/flow/30-resolved --set-aside data/flow/40-mapped >$@.tmp || test $$? = 65
	@mv -f $@.tmp $@

data/flow/gate: data/flow/60-verified.ndjson
	@$(SMDYN)/pipelines/gate $< --allow-rejects "$(ALLOW_REJECTS)" --record $@

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
