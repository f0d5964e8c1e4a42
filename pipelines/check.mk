# A setting that has a wrong value ends make before it begins: later it would be half a migration later.

# $(call among,SETTING,WORDS,SAID): nothing, if the setting is one of the words.
among = $(if $(filter-out $2,$($1))$(if $(strip $($1)),,blank),$(error $1=$($1): $3))
$(call among,LEAD_DEALS,link queue promote,link$(comma) queue or promote)
$(call among,CALL_TABLE,task phonecall,task or phonecall)
$(call among,PRIVATE_EMAILS,load queue skip,load$(comma) queue or skip)
$(call among,HANDOFF_BOM,yes no,yes or no)

# Without its digits nothing is left of a number.
without = $(subst 0,,$(subst 1,,$(subst 2,,$(subst 3,,$(subst 4,,$(subst 5,,$(subst 6,,$(subst 7,,$(subst 8,,$(subst 9,,$1))))))))))
$(if $(and $(strip $(ALLOW_REJECTS)),$(if $(call without,$(filter-out any,$(ALLOW_REJECTS))),,right)),,$(error ALLOW_REJECTS=$(ALLOW_REJECTS): a number, or any))
