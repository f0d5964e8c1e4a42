# The migration, phase by phase.  Read this file first.
#
# A migration is a directory with a two-line Makefile that includes this file,
# settings.mk, maps/ and data/.  make in it goes as far as the gates allow:
#
#	extract		what Salesmate has (data/source/<module>/10-extracted.ndjson)
#	target		the organisation pinned, its schema completed, its metadata pulled; the default maps
#	owners		who owns what, matched by e-mail; unresolved owners stop the chain
#	products accounts contacts leads opportunities activities notes inbox own
#			their objects, each: ids, 30-resolved, 40-mapped, 50-loaded, 60-verified, gate
#	links		parents of accounts, which had to wait for their rows
#	closing		won and lost, completed, retired
#	handoff		what people take over: smart flows, processes to build
#	report		report/summary.json, report/index.html
#
# Every stage is a file, kept; an object starts when the gate file of the one
# before is there; a gate opens when the books balance and no more records were
# rejected than ALLOW_REJECTS says.  After a mended cause, make goes on.

SHELL = /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

SMDYN := $(patsubst %/,%,$(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..))
# The programs: of this tree or this installation, unless BIN names another folder of them.
export PATH := $(BIN:%=%:)$(SMDYN)/bin:$(SMDYN)/../../bin:$(PATH)

# Settings, each with its default; settings.mk or the command line says otherwise.
NAMESPACE ?= $(SM_LINK)
LIFECYCLE_FIELD ?= type
LEAD_DEALS ?= link
FALLBACK_OWNER ?=
PARENT_FIELD ?=
ALLOW_REJECTS ?= 0
MATCH_ACCOUNT ?= website:domain=websiteurl:domain name=name
MATCH_CONTACT ?= email=emailaddress1
MATCH_LEAD ?= email=emailaddress1
LOAD_OPTIONS ?=
export SM_LINK SM_URL DYN_URL DYN_LOGIN_URL DYN_TENANT DYN_CLIENT_ID
export SM_BUDGET_FILE := $(CURDIR)/data/source/budget

# The chain as far as it goes, then the report, whatever the chain's end was.
all:
	@$(MAKE) --no-print-directory chain; end=$$?; $(MAKE) --no-print-directory report || exit; exit $$end
chain: closing handoff

include $(SMDYN)/pipelines/source.mk
include $(SMDYN)/pipelines/target.mk
include $(SMDYN)/pipelines/owner.mk
# The objects, phase by phase; a migration's own (objects/*.mk in its directory) come before the links and the closing.
phase = $(patsubst %,$(SMDYN)/pipelines/%.mk,$1)
# $(call ends,PHASE): the objects included since the phase before are this one's.
ends = $(eval PHASES += $1)$(eval PHASE_$1 := $(filter-out $(foreach p,$(PHASES),$(PHASE_$p)),$(OBJECTS)))
include $(call phase,product)
$(call ends,products)
include $(call phase,account)
$(call ends,accounts)
include $(call phase,contact)
$(call ends,contacts)
include $(call phase,lead address)
$(call ends,leads)
include $(call phase,opportunity line process)
$(call ends,opportunities)
include $(call phase,activity email)
$(call ends,activities)
include $(call phase,note file)
$(call ends,notes)
include $(call phase,inbox attachment)
$(call ends,inbox)
include $(sort $(wildcard objects/*.mk))
$(call ends,own)
include $(call phase,link)
$(call ends,links)
include $(call phase,close done done-email done-product)
$(call ends,closing)
include $(call phase,handoff)
include $(SMDYN)/pipelines/rules.mk
include $(SMDYN)/pipelines/check.mk
include $(SMDYN)/pipelines/extract.mk
include $(SMDYN)/pipelines/confirm.mk
include $(SMDYN)/pipelines/report.mk

extract: $(EXTRACTED)
target: $(METADATA) $(OBJECTS:%=maps/%.csv) maps/choices.csv maps/lifecycle.csv
owners: data/owner/gate
$(foreach p,$(PHASES),$(eval $p: $(PHASE_$p:%=data/%/gate)))
handoff: closing
.PHONY: all chain report extract target owners $(PHASES) handoff confirm help

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' $(SMDYN)/pipelines/migrate.mk
