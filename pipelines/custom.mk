# Custom fields and tags: what they hold is looked at, columns and options are proposed for them, and the proposals
# go into the migration's own maps when those are made.  From then on a person decides: what is in maps/ is not
# changed again, and a field that appears later is said, with the lines to add.  Only maps/options.csv grows.
#
#	extraction -> data/profile -> data/profile/custom.ndjson -> maps/ -> dyn-schema -> metadata -> confirm
#
# A module of one's own (objects/*.mk) has its fields proposed too, once it is profiled:
#	data/profile/all.ndjson: data/profile/ticket.ndjson

PROFILED = $(filter company contact deal activity product email team_inbox_conversation,$(EXTRACTED:data/source/%/10-extracted.ndjson=%))

# Whose rows get the columns, and the tables that their lookups may point to: those whose ids they wait for.
CUSTOM_OBJECTS = $(foreach o,$(filter-out %-done,$(OBJECTS)),$(if $(MODULE_$o),$o:$(MODULE_$o):$(TABLE_$o):$(subst $(space),$(comma),$(foreach \
	i,$(filter-out $o,$(IDS_$o)),$(if $(MODULE_$i),$(MODULE_$i)=$(TABLE_$i))))))
space = $(empty) $(empty)
TAGS ?= auto
CUSTOM = jq -L $(SMDYN)/pipelines

# What is there keeps its time when nothing changed, so that nothing else is made again because of it.
keep = @if cmp -s $@.tmp $@; then rm $@.tmp; else mv -f $@.tmp $@; fi

data/profile/%.ndjson: data/source/%/10-extracted.ndjson data/source/field/10-extracted.ndjson
	@mkdir -p $(@D)
	@$(CUSTOM) -r --arg of $* -f $(SMDYN)/pipelines/custom-lists.jq data/source/field/10-extracted.ndjson >$(@:.ndjson=.lists)
	$(say)profile-fields --list tags:, $$(cat $(@:.ndjson=.lists)) <$< >$@.tmp
	@mv -f $@.tmp $@

# The declared options, so that they are compared with those seen by one rule.
data/profile/declared.ndjson: data/source/field/10-extracted.ndjson data/source/tag/10-extracted.ndjson
	@mkdir -p $(@D)
	@$(CUSTOM) -c -f $(SMDYN)/pipelines/custom-declared.jq $^ >$@.values
	@jq -r -s '[.[] | keys[]] | unique[] | "--list \(.)"' $@.values >$(@:.ndjson=.lists)
	@profile-fields $$(cat $(@:.ndjson=.lists)) <$@.values >$@.tmp 2>/dev/null
	@rm -f $@.values
	@mv -f $@.tmp $@

data/profile/all.ndjson: $(PROFILED:%=data/profile/%.ndjson)
	@for f in $^; do jq -c --arg of "$$(basename $$f .ndjson)" '{module: $$of} + .' $$f || exit; done >$@.tmp
	@mv -f $@.tmp $@

data/profile/custom.ndjson: data/source/field/10-extracted.ndjson data/profile/all.ndjson data/profile/declared.ndjson
	@mkdir -p $(@D)
	@$(call whole,$(wildcard $(SMDYN)/pipelines/schema/*.csv)) >$@.schema
	@$(CUSTOM) -n -c --slurpfile field $< --slurpfile profile data/profile/all.ndjson --slurpfile declared data/profile/declared.ndjson \
		--rawfile schema $@.schema --arg objects "$(CUSTOM_OBJECTS)" --arg parent "$(PARENT_FIELD)" \
		-f $(SMDYN)/pipelines/custom.jq >$@.tmp
	@rm -f $@.schema
	@mv -f $@.tmp $@

data/profile/tags.ndjson: data/profile/all.ndjson data/profile/declared.ndjson
	@mkdir -p $(@D)
	@$(CUSTOM) -n -c --slurpfile profile data/profile/all.ndjson --slurpfile declared data/profile/declared.ndjson \
		-f $(SMDYN)/pipelines/tags.jq >$@.tmp
	@mv -f $@.tmp $@

# Choice or text: decided once, for all tables.
maps/tags: | data/profile/tags.ndjson
	@mkdir -p $(@D)
	@jq -r --arg tags "$(TAGS)" -f $(SMDYN)/pipelines/tags-form.jq data/profile/tags.ndjson >$@.tmp
	@echo "$@: $$(cat $@.tmp) ($$(jq '.options | length' data/profile/tags.ndjson) different tags, TAGS=$(TAGS))"
	@mv -f $@.tmp $@

# What has options: choices among the custom fields, and the tags.
data/profile/sets.ndjson: data/profile/custom.ndjson data/profile/tags.ndjson maps/tags
	@cat data/profile/custom.ndjson $$(if grep -q choice maps/tags; then echo data/profile/tags.ndjson; fi) >$@.tmp
	@mv -f $@.tmp $@

options = jq -n -r --slurpfile sets data/profile/sets.ndjson --rawfile old $2 --arg form $1 -f $(SMDYN)/pipelines/custom-options.jq

# The numbers of their options: what has one keeps it, new ones come at the end.
maps/options.csv: data/profile/sets.ndjson
	@if [ -e $@ ]; then cat $@; fi >$@.old
	@$(call options,options,$@.old) >$@.tmp
	@rm -f $@.old
	$(keep)

# What the choices table gets of it, and what dyn-schema creates.
data/profile/choices.csv: data/profile/sets.ndjson maps/options.csv
	@$(call options,choices,maps/options.csv) >$@.tmp
	$(keep)

data/profile/options.csv: data/profile/sets.ndjson maps/options.csv
	@$(call options,schema,maps/options.csv) >$@.tmp
	$(keep)

maps/schema-custom.csv: | data/profile/custom.ndjson
	@mkdir -p $(@D)
	@echo table,column,type,length,min,max,precision,format,label,choices >$@.tmp
	@jq -r --arg file schema-custom -f $(SMDYN)/pipelines/custom-rows.jq data/profile/custom.ndjson >>$@.tmp
	@mv -f $@.tmp $@

# $(call tagged,FILE): a default table with its tags as maps/tags says.
define tagged
awk -v form="$$(cat maps/tags)" ' \
form ~ /choice/ && /^sm_tags,field,tags,/ { print "sm_tags,field,tags,,multichoice,sm_tags," (form ~ /all/ ? "truncate:sm_tags_all" : "") ",,,"; next } \
form ~ /choice/ && /,sm_tags,Memo,/ { split($$0, cell, ","); print cell[1] ",sm_tags,MultiSelectPicklist,,,,,," cell[9] ",sm_tags"; \
	if (form ~ /all/) print cell[1] ",sm_tags_all,Memo,10000,,,,TextArea," cell[9] " (all),"; next } \
{ print }' $1
endef

# $(call proposed,LINES,FILE): a table with the lines proposed for it, before those that drop a field.
define proposed
awk -v rows="$1" 'function put(line) { while ((getline line <rows) > 0) print line; put_done = 1 } \
/^,drop,/ && !put_done { put() } { print } END { if (!put_done) put() }' $2
endef

# Said whenever the chain runs: fields that the maps do not name, and a setting that changed since the maps were made.
custom-new: data/profile/custom.ndjson maps/tags
	@case "$(TAGS):$$(cat maps/tags)" in choice:text|text:choice*) if jq -e '.options != []' data/profile/tags.ndjson >/dev/null; then \
		echo "maps/tags: the maps were made with tags as $$(cat maps/tags), but TAGS=$(TAGS): mend the rows of sm_tags in maps/ and this file" >&2; exit 78; fi;; esac
	@jq -r -f $(SMDYN)/pipelines/custom-new.jq $< >$<.all
	@while read -r object field; do \
		if [ -e maps/$$object.csv ] && ! grep -qw -- "$$field" maps/$$object.csv; then echo "$$object $$field"; fi; \
	done <$<.all >$<.new
	@jq -r --rawfile names $<.new -f $(SMDYN)/pipelines/custom-new.jq $< >&2
	@rm -f $<.all $<.new
chain confirm: custom-new
.PHONY: custom-new
