# The target: pinned, completed, and described in files.

METADATA = data/target/metadata/tables.ndjson
CHOICES = data/target/choices.csv
# What the maps write or point to, and what dyn-schema asks about, so that a rehearsal can serve it.
TABLES = $(sort $(foreach o,$(OBJECTS),$(TABLE_$o) $(READ_$o) $(TABLES_$o) $(if $(PARTIES_$o),activityparty)) \
	systemuser team transactioncurrency organization publisher solution)

# The organisation this migration belongs to.  Asked once; every load refuses another.
data/target/organization:
	@mkdir -p $(@D)
	@dyn-extract --whoami >$@.json.tmp
	@jq -r .OrganizationId $@.json.tmp >$@.tmp
	$(call place,$@.json $@)

# The tables of all files $1 under one header.
whole = awk 'FNR > 1 || NR == 1' $1

# Choices: those of the maps (maps/choices*.csv), those of custom fields and tags, and one option for every pipeline
# and stage, numbered by their Salesmate ids.
CHOICE_MAPS = $(sort $(patsubst $(SMDYN)/pipelines/%,%,$(wildcard $(SMDYN)/pipelines/maps/choices*.csv)) $(wildcard maps/choices-*.csv))
$(CHOICES): $(CHOICE_MAPS) data/profile/choices.csv data/source/pipeline/10-extracted.ndjson
	@mkdir -p $(@D)
	@$(call whole,$(filter maps/%,$^)) >$@.tmp
	@cat data/profile/choices.csv >>$@.tmp
	@jq -r -s --arg form map -f $(SMDYN)/pipelines/choices.jq data/source/pipeline/10-extracted.ndjson >>$@.tmp
	@mv -f $@.tmp $@

# Options to create: one for every pipeline and stage, those proposed for custom fields and tags, those of our own choices and
# those of the migration (maps/options-*.csv).
OPTIONS = $(wildcard $(SMDYN)/pipelines/options/*.csv maps/options-*.csv)
data/target/options.csv: data/source/pipeline/10-extracted.ndjson data/profile/options.csv $(OPTIONS)
	@mkdir -p $(@D)
	@jq -r -s --arg form schema -f $(SMDYN)/pipelines/choices.jq data/source/pipeline/10-extracted.ndjson >$@.tmp
	@cat data/profile/options.csv >>$@.tmp
	@awk 'FNR > 1' $(OPTIONS) >>$@.tmp
	@mv -f $@.tmp $@

# Schema: the tables and columns that the maps need (maps/schema*.csv; those of custom fields in schema-custom.csv), created before any record.
data/target/columns.csv: maps/schema.csv $(sort maps/schema-custom.csv $(wildcard maps/schema-*.csv))
	@mkdir -p $(@D)
	@$(call whole,$^) >$@.tmp
	@mv -f $@.tmp $@

data/target/schema.ndjson: data/target/columns.csv data/target/options.csv data/target/organization
	$(say)dyn-schema apply --columns data/target/columns.csv --options data/target/options.csv >$@.tmp
	@mv -f $@.tmp $@

# A folder of its own, which dyn-sandbox --metadata can serve: a rehearsal against the organisation's own tables.
$(METADATA): data/target/schema.ndjson
	@mkdir -p $(@D)
	$(say)dyn-extract --metadata $(TABLES) >$@.tmp
	@mv -f $@.tmp $@

data/target/systemuser.ndjson: data/target/organization
	$(say)dyn-extract systemuser --select systemuserid,fullname,internalemailaddress,isdisabled >$@.tmp
	@mv -f $@.tmp $@

data/target/transactioncurrency.ndjson: data/target/organization
	$(say)dyn-extract transactioncurrency --select transactioncurrencyid,isocurrencycode,currencyname >$@.tmp
	@mv -f $@.tmp $@

# The migration's own copies of the default maps, made once and then edited here.
# The lifecycle field is a setting: the rows that carry its text name it from the start.  So are tags; and the
# account's custom fields get the lines that are proposed for them (custom.mk).  $(call own_map,DEFAULT)
define own_map
@mkdir -p $(@D)
@sed 's/^\(sm_original_lifecycle__c,field,\)type,/\1$(LIFECYCLE_FIELD),/' $(SMDYN)/pipelines/maps/$1.csv >$@.default
@$(call tagged,$@.default) >$@.tagged
@jq -r --arg file $* -f $(SMDYN)/pipelines/custom-rows.jq data/profile/custom.ndjson >$@.rows
@$(call proposed,$@.rows,$@.tagged) >$@.tmp
@rm -f $@.default $@.tagged $@.rows
@mv -f $@.tmp $@
endef
maps/%.csv: | $(SMDYN)/pipelines/maps/%.csv data/profile/custom.ndjson maps/tags
	$(call own_map,$*)

SCHEMA = $(filter-out $(if $(filter phonecall,$(CALL_TABLE)),,%/phonecall.csv),$(wildcard $(SMDYN)/pipelines/schema/*.csv))
maps/schema.csv: | $(SCHEMA) maps/tags
	@mkdir -p $(@D)
	@$(call whole,$(SCHEMA)) >$@.default
	@$(call tagged,$@.default) >$@.tmp
	@rm -f $@.default
	@mv -f $@.tmp $@

# The field that names a company's parent is a setting too: there is no standard one.
maps/refs-link.csv: | $(SMDYN)/pipelines/maps/refs-link.csv
	@mkdir -p $(@D)
	@sed 's/PARENT_FIELD/$(PARENT_FIELD)/' $(SMDYN)/pipelines/maps/refs-link.csv >$@.tmp
	@mv -f $@.tmp $@

include $(SMDYN)/pipelines/custom.mk
