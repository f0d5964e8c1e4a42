# What was completed in Salesmate is completed now that everything which hangs on it is there.

# $(call done,OBJECT,MODULE,SOURCE): OBJECT-done, rows of OBJECT's table that change their state; proved on the rows themselves.
define done
OBJECTS += $1-done
TABLE_$1-done = $$(TABLE_$1)
SOURCE_$1-done = $$(call from,$1)
IDS_$1-done = $1
LOST_$1-done = $2:$1
COLUMNS_$1-done = activityid,sm_salesmate_id,statecode,statuscode,actualstart,actualend
VERIFY_$1-done = --tally statecode
endef
$(eval $(call done,task,activity))
$(eval $(call done,call,activity))
$(eval $(call done,pendingcall,call))
$(eval $(call done,appointment,activity))
