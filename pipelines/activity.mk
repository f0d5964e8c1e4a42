# Activities: each type becomes a task, a call or an appointment, open at first; the closing phase completes them.
ACTIVITY = data/source/activity/10-extracted.ndjson
CALL_TABLE ?= task
OWNED += $(ACTIVITY) data/source/call/10-extracted.ndjson

# maps/activity-types.csv says which object a type belongs to.
ACTIVITY_SPLIT = data/task/20-split.ndjson data/call/20-split.ndjson data/appointment/20-split.ndjson
$(ACTIVITY_SPLIT) &: $(ACTIVITY) maps/activity-types.csv
	@mkdir -p data/task data/call data/appointment
	$(say)split-records --field type --table maps/activity-types.csv --to task=data/task/20-split.ndjson.tmp \
		--to call=data/call/20-split.ndjson.tmp --to appointment=data/appointment/20-split.ndjson.tmp \
		--rejects data/source/activity/20-split.rejects.ndjson.tmp <$<
	$(call place,data/source/activity/20-split.rejects.ndjson $(ACTIVITY_SPLIT))

OBJECTS += task
TABLE_task = task
MODULE_task = activity
SOURCE_task = data/task/20-split.ndjson
TIME_task = createdAt
IDS_task = task opportunity contact lead account owner
LOST_task = activity:task deal:opportunity contact:contact contact:lead contact:undecided company:account
# What belongs to no object because it is no record is in the books of this one.
VERIFY_task = --complete --source data/source/activity/20-split.rejects.ndjson --set-aside data/source/activity/20-split

# What the phone system knows of a call lies in records of its own (intake/call): they join their activities;
# those without one (pending calls) are an object of their own.
CALLS = data/call/22-joined.ndjson data/pendingcall/20-split.ndjson
$(CALLS) &: data/call/20-split.ndjson data/source/call/10-extracted.ndjson
	@mkdir -p data/pendingcall
	$(say)join-records --with data/source/call/10-extracted.ndjson --on activityId --as call --loose data/pendingcall/20-split.ndjson.tmp \
		<$< >data/call/22-joined.ndjson.tmp
	$(call place,$(CALLS))

OBJECTS += call
TABLE_call = $(CALL_TABLE)
MODULE_call = activity
SOURCE_call = data/call/22-joined.ndjson
TIME_call = createdAt
IDS_call = call opportunity contact lead account owner
LOST_call = activity:call deal:opportunity contact:contact contact:lead contact:undecided company:account
VERIFY_call = --complete
PARTIES_call = $(filter-out task,$(CALL_TABLE))

OBJECTS += pendingcall
TABLE_pendingcall = $(CALL_TABLE)
MODULE_pendingcall = call
SOURCE_pendingcall = data/pendingcall/20-split.ndjson
TIME_pendingcall = startedAt
IDS_pendingcall = pendingcall contact lead owner
LOST_pendingcall = call:pendingcall contact:contact contact:lead contact:undecided
VERIFY_pendingcall = --complete
PARTIES_pendingcall = $(PARTIES_call)

OBJECTS += appointment
TABLE_appointment = appointment
MODULE_appointment = activity
SOURCE_appointment = data/appointment/20-split.ndjson
TIME_appointment = createdAt
IDS_appointment = appointment opportunity contact lead account owner address
LOST_appointment = activity:appointment deal:opportunity contact:contact contact:lead contact:undecided company:account
VERIFY_appointment = --complete
PARTIES_appointment = yes

# The maps of calls are those of the table that CALL_TABLE names.  A setting that changed since would change nothing in silence.
CALL_MAPS = maps/call.csv maps/pendingcall.csv maps/call-done.csv maps/pendingcall-done.csv
$(CALL_MAPS): maps/%.csv: | $(SMDYN)/pipelines/maps/%-$(CALL_TABLE).csv data/profile/custom.ndjson maps/tags
	$(call own_map,$*-$(CALL_TABLE))
data/call/40-mapped.ndjson: | call-table
call-table: maps/call.csv
	@grep -q '^_table,const,$(CALL_TABLE),' $< || { echo "$<: the table is not CALL_TABLE=$(CALL_TABLE): remove $(CALL_MAPS) and begin a new migration folder, or set it back" >&2; exit 78; }
.PHONY: call-table
