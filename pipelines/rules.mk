# The stages that every object shares.
#
# A recipe writes to temporary names and renames when the whole is there, what
# was set aside first: a stage file that exists implies its rejects file.
# No pipe in a recipe (its first half could fail unseen), and programs are no
# prerequisites: a rebuilt tool does not load again by itself.

# The files beside a stage file: what was rejected, queued for a person, skipped by rule.
rejects = $(1:.ndjson=.rejects.ndjson)
queue = $(1:.ndjson=.queue.ndjson)
skipped = $(1:.ndjson=.skipped.ndjson)

# $(call place,FILE...): the temporary files get their real names, in the order given.
# What was set aside keeps its old file when nothing changed, so that nothing else is made again because of it.
define place
@for f in $1; do \
	case $$f in *.rejects.ndjson|*.queue.ndjson|*.skipped.ndjson) cmp -s "$$f.tmp" "$$f" && rm "$$f.tmp" && continue;; esac; \
	mv -f "$$f.tmp" "$$f" || exit 74; \
done
endef

# What an object left behind on its way, for --lost: a reference to one of these has a cause that can be named.
# $(call aside,OBJECT): the files.  $(call lost,MODULE,OBJECT): the options.
aside = $(foreach s,ids.rejects ids.queue 30-resolved.rejects 30-resolved.queue 30-resolved.skipped \
	40-mapped.rejects 40-mapped.skipped 50-loaded.rejects,data/$1/$s.ndjson)
lost = $(foreach f,$(call aside,$2),--lost $1=$f)
own = --lost $1=data/$2/ids.rejects.ndjson --lost $1=data/$2/ids.queue.ndjson

data/%.rejects.ndjson: data/%.ndjson ;
data/%.queue.ndjson: data/%.ndjson ;
data/%.skipped.ndjson: data/%.ndjson ;

# $(call resolve,FROM,"--ids F ...",REFS,"--lost MODULE=F ..."): the target ids of what each record refers to.
define resolve
@mkdir -p $(@D)
resolve-ids $2 --refs $3 $4 --rejects $(call rejects,$@).tmp --queue $(call queue,$@).tmp \
	--skipped $(call skipped,$@).tmp <$1 >$@.tmp
$(call place,$(call rejects,$@) $(call queue,$@) $(call skipped,$@) $@)
endef

# $(call map,MAP): a resolved record becomes a row, checked against the metadata.
define map
map-fields --map $1 --metadata data/target/metadata/tables.ndjson --choices data/target/choices.csv \
	--coverage $(@D)/coverage.ndjson.tmp --rejects $(call rejects,$@).tmp --skipped $(call skipped,$@).tmp <$< >$@.tmp
$(call place,$(@D)/coverage.ndjson $(call rejects,$@) $(call skipped,$@) $@)
endef

# Rows to the target.  The journal is no target of make: nothing may delete the record of what was written.
define load
dyn-load --journal $(@D)/load.journal --confirmed maps/confirmed --org "$$(cat data/target/organization)" $(LOAD_OPTIONS) \
	--rejects $(call rejects,$@).tmp <$< >$@.tmp
$(call place,$(call rejects,$@) $@)
endef

# $(call read,TABLE,MAP,COLUMNS): the rows as they are now, in the columns that the map writes and those given.
define read
map-fields --print-columns --map $2 --metadata data/target/metadata/tables.ndjson --choices data/target/choices.csv >$(@D)/columns
dyn-extract $1 --select "$$(cat $(@D)/columns)$(if $3,$(comma)$3)" >$@.tmp
@mv -f $@.tmp $@
endef
comma = ,

# $(call ids,MODULE,TABLE,FROM,OPTIONS): a target id for every source record.
define ids
@mkdir -p $(@D)
assign-ids --module $1 --table $2 --namespace "$(NAMESPACE)" $4 --queue $(call queue,$@).tmp \
	--rejects $(call rejects,$@).tmp <$3 >$@.tmp
$(call place,$(call rejects,$@) $(call queue,$@) $@)
endef

# $(call verify,OBJECT,SOURCE,TARGET,OPTIONS): the books of an object, and every field read back and compared.
define verify
reconcile --object $1 --source $2 --mapped data/$1/40-mapped.ndjson --loaded data/$1/50-loaded.ndjson \
	--target $3 --metadata data/target/metadata/tables.ndjson --mismatches data/$1/60-mismatches.ndjson $4 \
	--set-aside data/$1/30-resolved --set-aside data/$1/40-mapped --set-aside data/$1/50-loaded >$@.tmp || test $$? = 65
@mv -f $@.tmp $@
endef

# The gate of an object: opens when its books balance and its rejects are within the allowance.
define gate
@$(SMDYN)/pipelines/gate $< --allow-rejects "$(ALLOW_REJECTS)" --record $@
endef
