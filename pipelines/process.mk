# Pipelines and process flows.  maps/processes.csv binds the stages of a pipeline to those of a flow of the target:
# pipeline,stage,process,processstage, one line a stage, empty by default.  A line without a stage only says where
# a stage of the flow stands that no stage of the pipeline is.  A pipeline that is bound gives each of its opportunities
# an instance of the flow, at its stage; for every other one handoff/process-*.md says what flow to build.
binding = $(wildcard maps/processes.csv)
PROCESSES := $(if $(binding),$(shell jq -n -r -R --arg form names --argjson pipeline [] --argjson flow [] --argjson stage [] -f $(SMDYN)/pipelines/process-binding.jq $(binding)))

# The table of a flow, and every flow that the platform could start by itself; known once the target was asked.
process = $(shell jq -r 'select(.object == "$1") | .table' data/target/processes.ndjson 2>/dev/null)
flows = $(shell jq -r 'select(.statecode == 1 and (.primaryentity == "opportunity" or .primaryentity == "lead")) | .uniquename | ascii_downcase' \
	data/target/workflow.ndjson 2>/dev/null)
TABLES_line = $(flows) workflow processstage
$(METADATA): data/target/processes.ndjson

data/target/workflow.ndjson: data/target/organization
	$(say)dyn-extract workflow --select workflowid,name,uniquename,category,type,statecode,primaryentity --filter "category eq 4 and type eq 1" >$@.tmp
	@mv -f $@.tmp $@

data/target/processstage.ndjson: data/target/organization
	$(say)dyn-extract processstage --select processstageid,stagename,stagecategory,processid,primaryentitytypecode >$@.tmp
	@mv -f $@.tmp $@

# The binding, checked: everything that is wrong with it is said at once.
data/target/processes.ndjson: maps/processes.csv data/source/pipeline/10-extracted.ndjson data/target/workflow.ndjson data/target/processstage.ndjson
	@jq -n -c -R --arg form bind --slurpfile pipeline data/source/pipeline/10-extracted.ndjson --slurpfile flow data/target/workflow.ndjson \
		--slurpfile stage data/target/processstage.ndjson -f $(SMDYN)/pipelines/process-binding.jq $< >$@.tmp
	@if jq -r '.error // empty' $@.tmp | grep . >&2; then exit 78; fi
	@mv -f $@.tmp $@

target: maps/processes.csv

# A stage of the target is its own id.
data/processstage/ids.ndjson: data/target/processstage.ndjson
	@mkdir -p $(@D)
	@jq -c '{module: "processstage", key: .processstageid, table: "processstage", id: .processstageid, how: "matched", rule: "name"}' $< >$@.tmp
	@mv -f $@.tmp $@

define process_object
OBJECTS += $1
TABLE_$1 = $$(call process,$1)
MODULE_$1 = deal-process
SOURCE_$1 = data/$1/20-deals.ndjson
IDS_$1 = $1 opportunity processstage
LOST_$1 = deal:opportunity deal-process:$1
REFS_$1 = maps/refs-process.csv
endef
$(foreach p,$(PROCESSES),$(eval $(call process_object,$p)))

# The deals of the pipelines that are bound to it, with the stage and the path to it.
$(PROCESSES:%=data/%/20-deals.ndjson): data/%/20-deals.ndjson: $(DEAL) data/target/processes.ndjson
	@mkdir -p $(@D)
	@jq -R -r --arg object $* --slurpfile bound data/target/processes.ndjson -f $(SMDYN)/pipelines/process-deals.jq $< >$@.tmp
	@mv -f $@.tmp $@

# Its maps, made for its table: how that calls the opportunity, and which state goes with the status Finished, differ.
map_of = $(if $(filter %-done,$1),process-done,process)
$(PROCESSES:%=maps/%.csv) $(PROCESSES:%=maps/%-done.csv): maps/%.csv: | $(METADATA)
	@table=$(call process,$(*:%-done=%)) && \
	column=$$(jq -r --arg table $$table 'select(._meta == "column" and ._table == $$table) | .LogicalName | select(. == "bpf_opportunityid" or . == "opportunityid")' $(METADATA) | sort | head -n 1) && \
	state=$$(jq -r --arg table $$table 'select(._meta == "column" and ._table == $$table and .LogicalName == "statuscode") | .OptionSet.Options[] | select(.Value == 2) | .State' $(METADATA)) && \
	sed "s/TABLE/$$table/; s/OPPORTUNITY/$$column/; s/FINISHED/$${state:-1}/" $(SMDYN)/pipelines/maps/$(call map_of,$*).csv >$@.tmp
	@mv -f $@.tmp $@

# No instance of any flow belongs to what we made, but ours: the platform starts its default flow by itself where it is let.
# A book of its own, over all flows of opportunities and leads.
BOOKS += process
data/process/55-read.ndjson: data/target/processes.ndjson | data/$(lastword $(OBJECTS))/gate
	@mkdir -p $(@D)
	@for t in $(flows); do dyn-extract $$t || exit; done >$(@D)/rows.tmp
	@cat data/lead/ids.ndjson data/opportunity/ids.ndjson >$(@D)/ids.tmp
	@jq -c --slurpfile ids $(@D)/ids.tmp -f $(SMDYN)/pipelines/process-ours.jq $(@D)/rows.tmp >$@.tmp
	@rm -f $(@D)/rows.tmp $(@D)/ids.tmp
	@mv -f $@.tmp $@

whole_of = $(PROCESSES:%=data/%/$1.ndjson) /dev/null
data/process/60-verified.ndjson: data/process/55-read.ndjson
	@cat $(call whole_of,20-deals) >$(@D)/20-deals.ndjson && cat $(call whole_of,40-mapped) >$(@D)/40-mapped.ndjson && \
		cat $(call whole_of,50-loaded) >$(@D)/50-loaded.ndjson
	$(say)reconcile --object process --source $(@D)/20-deals.ndjson --mapped $(@D)/40-mapped.ndjson --loaded $(@D)/50-loaded.ndjson --target $< \
		--metadata $(METADATA) --mismatches $(@D)/60-mismatches.ndjson --complete \
		$(foreach p,$(PROCESSES),$(foreach s,30-resolved 40-mapped 50-loaded,--set-aside data/$p/$s)) >$@.tmp || test $$? = 65
	@mv -f $@.tmp $@

data/process/gate: data/process/60-verified.ndjson
	@$(SMDYN)/pipelines/gate $< --allow-rejects "$(ALLOW_REJECTS)" --record $@

# Nothing is closed while the platform runs a flow that is not ours.
data/close/30-resolved.ndjson: | data/process/gate

# What to build where there is no flow.
handoff: data/process/handoff
data/process/handoff: $(DEAL) data/source/pipeline/10-extracted.ndjson data/target/processes.ndjson
	@mkdir -p $(@D) handoff
	@jq -n -c --slurpfile pipeline data/source/pipeline/10-extracted.ndjson --slurpfile bound data/target/processes.ndjson \
		-f $(SMDYN)/pipelines/process-spec.jq $(DEAL) >$@.tmp
	@for f in $$(jq -r .file $@.tmp); do \
		jq -j --arg file "$$f" 'select(.file == $$file) | .text' $@.tmp >handoff/$$f.tmp && mv -f handoff/$$f.tmp handoff/$$f || exit 74; \
	done
	@mv -f $@.tmp $@
