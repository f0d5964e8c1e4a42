# The stages that every object shares.  An object is a file of its own (account.mk ...) that says:
#
#	OBJECTS += name		its folder is data/name, its map maps/name.csv, its references maps/refs-name.csv;
#				objects follow each other in this order, each behind the gate of the one before
#	TABLE_name		the table its rows go to
#	MODULE_name		the source module, for the ids (none: it has no ids of its own)
#	SOURCE_name		the records it begins with
#	TIME_name GROUP_name	the field of their time: they are loaded oldest first, and numbered within each GROUP
#	IDS_name		the objects whose ids its references need, itself first
#	MATCH_name EXISTING_name	how its records match rows that are there, and the columns to read for that
#	LOST_name		module:object pairs: whose losses are the cause when a reference is missing
#	RESOLVE_name VERIFY_name	more options for resolve-ids and reconcile
#	REFS_name READ_name COLUMNS_name	another file of references; another table or columns to read back
#	PARTIES_name=yes	its rows have activity parties, which are read back too
#	HASH_name		the column that holds a file: its bytes are read back and their hash compared
#	TABLES_name		more tables whose metadata its map or its references need
#	METADATA_name		another metadata file than the target's
#	HANDED += name		not an object of the target but a list for people: it writes 50 and reads 55 itself
#
# A recipe writes to temporary names and renames when the whole is there, what was set aside first: a stage
# file that exists implies its rejects file.  No pipe in a recipe (its first half could fail unseen), and
# programs are no prerequisites: a rebuilt tool does not load again by itself.

comma = ,

# A stage says its file, then its program's last line tells the counts; make -n shows the commands.
say = @echo '$@'; $(empty)
empty =

# The files beside a stage file: what was rejected, queued for a person, skipped by rule.
rejects = $(1:.ndjson=.rejects.ndjson)
queue = $(1:.ndjson=.queue.ndjson)
skipped = $(1:.ndjson=.skipped.ndjson)
data/%.rejects.ndjson: data/%.ndjson ;
data/%.queue.ndjson: data/%.ndjson ;
data/%.skipped.ndjson: data/%.ndjson ;

# Each object waits for the gate of the one before; the first for the owners'.
before = owner
EVERY = $(OBJECTS) $(HANDED)
$(foreach o,$(EVERY),$(eval data/$o/30-resolved.ndjson: | data/$(before)/gate)$(eval before := $o))

# $(call place,FILE...): the temporary files get their real names, in the order given.
# What was set aside keeps its old file when nothing changed, so that nothing else is made again because of it.
define place
@for f in $1; do \
	case $$f in *.rejects.ndjson|*.queue.ndjson|*.skipped.ndjson) cmp -s "$$f.tmp" "$$f" && rm "$$f.tmp" && continue;; esac; \
	mv -f "$$f.tmp" "$$f" || exit 74; \
done
endef

# $(call ids,MODULE,TABLE,FROM,OPTIONS): a target id for every source record.
define ids
@mkdir -p $(@D)
$(say)assign-ids --module $1 --table $2 --namespace "$(NAMESPACE)" $4 --queue $(call queue,$@).tmp \
	--rejects $(call rejects,$@).tmp <$3 >$@.tmp
$(call place,$(call rejects,$@) $(call queue,$@) $@)
endef

# $(call aside,OBJECT,SELF): what an object left behind on its way; of itself, only what its ids set aside.
aside = $(foreach s,$(if $(filter $1,currency $2),ids.rejects ids.queue,$(if $(filter $1,undecided),20-split.queue,ids.rejects ids.queue \
	30-resolved.rejects 30-resolved.queue 30-resolved.skipped 40-mapped.rejects 40-mapped.skipped 50-loaded.rejects)),data/$1/$s.ndjson)
# $(call lost,SELF): the options that name these files, by module.
lost = $(foreach p,$(LOST_$1),$(foreach f,$(call aside,$(word 2,$(subst :, ,$p)),$1),--lost $(word 1,$(subst :, ,$p))=$f))
$(foreach o,$(EVERY),$(eval data/$o/30-resolved.ndjson: $(foreach p,$(LOST_$o),$(call aside,$(word 2,$(subst :, ,$p)),$o))))

stage = $(patsubst %,data/%/$1.ndjson,$(or $2,$(EVERY)))

# Rows that are there already, and could be what a record matches.
$(foreach o,$(OBJECTS),$(if $(EXISTING_$o),data/$o/existing.ndjson)): data/%/existing.ndjson: $(METADATA)
	@mkdir -p $(@D)
	$(say)dyn-extract $(TABLE_$*) --select $(EXISTING_$*) >$@.tmp
	@mv -f $@.tmp $@

$(foreach o,$(OBJECTS),$(if $(EXISTING_$o),$(eval data/$o/ids.ndjson: data/$o/existing.ndjson)))
$(foreach o,$(EVERY),$(if $(MODULE_$o),$(eval data/$o/ids.ndjson: $(SOURCE_$o))))
$(foreach o,$(EVERY),$(if $(MODULE_$o),data/$o/ids.ndjson)): data/%/ids.ndjson:
	$(call ids,$(MODULE_$*),$(TABLE_$*),$(SOURCE_$*),$(if $(EXISTING_$*),--existing data/$*/existing.ndjson $(addprefix --match ,$(MATCH_$*))))

# What an object's records are when their references are resolved.
from = $(if $(TIME_$1),data/$1/25-ordered.ndjson,$(SOURCE_$1))

# Oldest first, so that the target's timeline sorts right; with its place in its group.
$(foreach o,$(EVERY),$(if $(TIME_$o),$(eval data/$o/25-ordered.ndjson: $(SOURCE_$o))))
$(foreach o,$(EVERY),$(if $(TIME_$o),data/$o/25-ordered.ndjson)): data/%/25-ordered.ndjson:
	@mkdir -p $(@D)
	$(say)order-records --time $(TIME_$*) $(if $(GROUP_$*),--group $(GROUP_$*)) --rejects $(call rejects,$@).tmp <$(SOURCE_$*) >$@.tmp
	$(call place,$(call rejects,$@) $@)

# The target ids of what each record refers to.
$(foreach o,$(EVERY),$(eval data/$o/30-resolved.ndjson: $(IDS_$o:%=data/%/ids.ndjson) $(or $(REFS_$o),maps/refs-$o.csv) $(call from,$o)))
$(call stage,30-resolved): data/%/30-resolved.ndjson:
	@mkdir -p $(@D)
	$(say)resolve-ids $(addprefix --ids ,$(filter %/ids.ndjson,$^)) --refs $(or $(REFS_$*),maps/refs-$*.csv) $(call lost,$*) $(RESOLVE_$*) \
		--rejects $(call rejects,$@).tmp --queue $(call queue,$@).tmp --skipped $(call skipped,$@).tmp <$(call from,$*) >$@.tmp
	$(call place,$(call rejects,$@) $(call queue,$@) $(call skipped,$@) $@)

# A resolved record becomes a row, checked against the metadata.
$(foreach o,$(EVERY),$(if $(METADATA_$o),$(eval data/$o/40-mapped.ndjson: $(METADATA_$o))))
$(call stage,40-mapped): data/%/40-mapped.ndjson: data/%/30-resolved.ndjson maps/%.csv $(METADATA) $(CHOICES)
	$(say)map-fields --map maps/$*.csv --metadata $(or $(METADATA_$*),$(METADATA)) --choices $(CHOICES) --coverage $(@D)/coverage.ndjson.tmp \
		--rejects $(call rejects,$@).tmp --skipped $(call skipped,$@).tmp <$< >$@.tmp
	$(call place,$(@D)/coverage.ndjson $(call rejects,$@) $(call skipped,$@) $@)

# Rows to the target.  The journal is no target of make: nothing may delete the record of what was written.
$(call stage,50-loaded,$(OBJECTS)): data/%/50-loaded.ndjson: data/%/40-mapped.ndjson | maps/confirmed
	$(say)dyn-load --journal $(@D)/load.journal --confirmed maps/confirmed --org "$$(cat data/target/organization)" $(LOAD_OPTIONS) \
		--rejects $(call rejects,$@).tmp <$< >$@.tmp
	$(call place,$(call rejects,$@) $@)

# The rows as they are now, in the columns that the map writes.
$(call stage,55-read,$(OBJECTS)): data/%/55-read.ndjson: data/%/50-loaded.ndjson
	@map-fields --print-columns --map maps/$*.csv --metadata $(METADATA) --choices $(CHOICES) >$(@D)/columns
	$(say)dyn-extract $(or $(READ_$*),$(TABLE_$*)) --select "$(or $(COLUMNS_$*),$$(cat $(@D)/columns)$(comma)createdon)" \
		$(if $(HASH_$*),--hash $(HASH_$*)) >$@.tmp
	@mv -f $@.tmp $@

# The parties of its activities.  They are rows of one table, which has no column that tells whose they are.
$(foreach o,$(OBJECTS),$(if $(PARTIES_$o),$(eval data/$o/60-verified.ndjson: data/$o/55-parties.ndjson)))
data/%/55-parties.ndjson: data/%/50-loaded.ndjson
	$(say)dyn-extract activityparty --select activityid,participationtypemask,partyid,addressused >$@.tmp
	@mv -f $@.tmp $@

# Other objects with rows in its table; those of a phase that changes rows are not others.
beside = $(foreach p,$(filter-out $1 $(IDS_$1),$(OBJECTS)),$(if $(MODULE_$p),$(if $(filter $(TABLE_$1),$(TABLE_$p)),data/$p/ids.ndjson)))
$(foreach o,$(OBJECTS),$(if $(call beside,$o),$(eval data/$o/60-verified.ndjson: $(call beside,$o))))

# The books, and every field and link read back and compared.  Books that do not balance (65) are the gate's business.
$(call stage,60-verified): data/%/60-verified.ndjson: data/%/55-read.ndjson data/%/50-loaded.ndjson
	$(say)reconcile --object $* --source $(SOURCE_$*) --mapped data/$*/40-mapped.ndjson --loaded data/$*/50-loaded.ndjson --target $< \
		--metadata $(or $(METADATA_$*),$(METADATA)) --mismatches data/$*/60-mismatches.ndjson \
		$(if $(PARTIES_$*),--parties data/$*/55-parties.ndjson) $(VERIFY_$*) $(addprefix --except ,$(call beside,$*)) \
		$(if $(TIME_$*),--set-aside data/$*/25-ordered) --set-aside data/$*/30-resolved --set-aside data/$*/40-mapped --set-aside data/$*/50-loaded >$@.tmp || test $$? = 65
	@mv -f $@.tmp $@

# The gate opens when the books balance and the rejects are within the allowance.
$(EVERY:%=data/%/gate): data/%/gate: data/%/60-verified.ndjson
	@$(SMDYN)/pipelines/gate $< --allow-rejects "$(ALLOW_REJECTS)" --record $@
