# How each module's records come to be in data/source/<module>/10-extracted.ndjson:
#
#	intake/<module>.ndjson	if the operator put that there, verbatim; else
#	intake/<module>.csv	an export with display labels, through csv-ndjson; else
#	the API			if it has the module, within the hour's call budget; else
#	nothing			an empty file, and a line that says so
#
# data/source/<module>/from says which; when that changes, or the file in intake/ is newer, it is taken again.

# $(call origin_of,MODULE): the file in intake/, or how else it comes.
origin_of = $(or $(firstword $(wildcard intake/$1.ndjson intake/$1.csv)),$(if $(filter $1,$(TAKEN)),nothing,$(if \
	$(filter $1,$(OWN_MODULES)),$(if $(NUMBER_$1),the API as module $(NUMBER_$1),nothing),$(if $(filter $1,deal_product),the deals,the API))))

$(SOURCES:%=data/source/%/from): data/source/%/from: FORCE
	@mkdir -p $(@D)
	@echo '$(call origin_of,$*)' | cmp -s - $@ || echo '$(call origin_of,$*)' >$@
FORCE:
.PHONY: FORCE

# What it is made of.  The field definitions name the custom fields to ask for, and the labels of exports.
$(foreach m,$(SOURCES),$(eval $(call source,$m): data/source/$m/from $(filter intake/%,$(call origin_of,$m)) \
	$(if $(filter intake/%.csv,$(call origin_of,$m)),$(filter-out $(call source,$m),$(call source,field))) \
	$(if $(filter the,$(firstword $(call origin_of,$m))),$(if $(filter $m,$(SEARCHED)),$(call source,field))\
	$(if $(filter $m,deal_product),$(DEAL))$(if $(filter $m,attachment),$(call source,note))\
	$(if $(filter $m,note),$(call source,contact company deal activity $(NUMBERED))))))

# $(call taken,FILE): verbatim, and how much it is; a line that is no record is mended before anything is made of it.
define taken
@echo '$@'
@printf 'value,to\n*,taken\n,taken\n' >$@.table
@split-records --field id --table $@.table --to taken=$@.tmp <$1 2>$@.said || { code=$$?; sed -n '$$s,stdin,$1,p' $@.said | sed 's/ (--rejects.*/; mend that line/' >&2; exit $$code; }
@rm -f $@.table $@.said
@echo "$*: $$(grep -c . $@.tmp) records from $1" >&2
endef

# $(call exported,FILE): the labels of maps/labels-<module>.csv go before those that come along, and those before the field definitions'.
define exported
$(say)csv-ndjson --fields $(call source,field) --module $* $(addprefix --map ,$(wildcard maps/labels-$*.csv $(SMDYN)/pipelines/labels/$*.csv)) \
	$(if $(filter $*,$(TAKEN)),$(if $(filter-out team,$*),--kind $*)) $(if $(filter-out 0,$(ALLOW_REJECTS)),--rejects $(call rejects,$@).tmp) $1 >$@.tmp
endef

# Deal lines are in no endpoint: only if the service gives them with its deals.
define lines
@echo '$@'
@jq -c -f $(SMDYN)/pipelines/lines.jq $(DEAL) >$@.tmp
@echo "$*: $$(grep -c . $@.tmp) lines in the deals' associatedProducts; no intake/$*.ndjson or .csv" >&2
endef

define none
@echo '$@'
@: >$@.tmp
@echo "$*: no intake/$*.ndjson or .csv, and the API has none: taken as empty" >&2
endef

STATE = --state $(@D)/state $(EXTRACT_OPTIONS)
API_field = sm-extract field $(foreach m,$(NUMBERED),--module $m=$(NUMBER_$m)) $(STATE)
API_note = sm-extract note $(foreach m,contact company deal activity,--of $m=$(call source,$m)) \
	$(foreach m,$(NUMBERED),--of $(NUMBER_$m)=$(call source,$m)) $(STATE) --rejects $(call rejects,$@).tmp
API_attachment = mkdir -p data/files && sm-extract attachment --notes $(call source,note) --store data/files $(STATE)
from_api = $(or $(API_$*),sm-extract $* $(if $(NUMBER_$*),--module $(NUMBER_$*)) $(if $(filter $*,$(SEARCHED)),--fields $(call source,field)) $(STATE))

$(EXTRACTED): data/source/%/10-extracted.ndjson:
	$(if $(filter intake/%.ndjson,$(call origin_of,$*)),$(call taken,$(call origin_of,$*)),$(if \
		$(filter intake/%.csv,$(call origin_of,$*)),$(call exported,$(call origin_of,$*)),$(if \
		$(filter nothing,$(call origin_of,$*)),$(none),$(if \
		$(filter deal_product,$*),$(lines),$(say)$(from_api) >$@.tmp))))
	@if [ -e $(call rejects,$@).tmp ]; then mv -f $(call rejects,$@).tmp $(call rejects,$@); else rm -f $(call rejects,$@); fi
	@mv -f $@.tmp $@
