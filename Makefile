# smdyn: Salesmate to Dynamics 365 Sales, as Unix filters.
#
#	make            the programs, in bin/
#	make demo       a whole migration between two local stand-ins (DATA=DIR: on another source)
#	make test       the whole suite            make check    the same under sanitizers
#	make bench      ratios against jq, gojq, Miller
#	make deps       what the build needs, installed or named
#	make install    PREFIX=/usr/local

PREFIX = /usr/local
BUILD = build
BIN = bin
CC = cc
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wno-overlength-strings -Werror
CFLAGS = -O2 -g
SAN =
ifneq ($(SAN),)
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -iquote common -MMD -MP $(WARN) $(CFLAGS) $(SANFLAGS)

# A program is cmd/NAME.c, or every file of cmd/NAME/.
TOOLS = $(sort $(notdir $(patsubst %/,%,$(wildcard cmd/*/))) $(basename $(notdir $(wildcard cmd/*.c))))
COMMON = $(BUILD)/libcommon.a

# Who needs which library (a program that is not named here needs libcrypto at most).
LIBS = -lcrypto
$(BIN)/map-fields: LIBS = -ljq -lxml2 -lcsv -lcrypto -lm
$(BIN)/csv-ndjson $(BIN)/split-lifecycle $(BIN)/split-records $(BIN)/resolve-ids $(BIN)/assign-ids $(BIN)/reconcile: LIBS = -lcsv -lcrypto
$(BIN)/sm-extract: LIBS = -lcurl -lxml2 -lcrypto -lm
$(BIN)/dyn-extract $(BIN)/dyn-schema $(BIN)/dyn-load: LIBS = -lcurl -lcsv -lcrypto -lm
$(BIN)/sm-sandbox: LIBS = -lmicrohttpd -lcrypto
$(BIN)/dyn-sandbox: LIBS = -lmicrohttpd -lsqlite3 -lcrypto -lm

all: $(TOOLS:%=$(BIN)/%)

define program
$(BIN)/$1: $$(patsubst %.c,$$(BUILD)/%.o,$$(wildcard cmd/$1.c cmd/$1/*.c)) $$(COMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(SANFLAGS) $$(LDFLAGS) -o $$@ $$^ -Wl,--as-needed $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call program,$t)))

$(COMMON): $(patsubst %.c,$(BUILD)/%.o,$(wildcard common/*.c))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# libxml2 keeps its headers in a folder of their own; asked when it is needed, as make deps may install it first.
$(BUILD)/cmd/map-fields/html.o $(BUILD)/cmd/sm-extract/images.o: ALL_CFLAGS += $(patsubst -I%,-isystem %,$(shell xml2-config --cflags))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# What the build, the demo and the tests need; installed when this may be done, else named.
deps:
	@sh pipelines/deps

# A migration of its own: make new DIR=acme, then read acme/settings.mk.
new: all
	@sh pipelines/new "$(DIR)"

# The whole chain between two local stand-ins, in demo/; settings on the same line are passed on.
DATA = fixtures/demo
demo: deps
	@+$(MAKE) --no-print-directory all
	@+MAKE="$(MAKE)" BIN="$(abspath $(BIN))" sh pipelines/demo "$(DATA)"

test: deps
	@+$(MAKE) --no-print-directory all
	@+$(MAKE) --no-print-directory CC=clang BUILD=build-clang BIN=bin-clang all
	bats --timing test

# The same suite under the address and undefined-behaviour sanitizers.
check: deps
	@+$(MAKE) --no-print-directory SAN=1 BUILD=build-san BIN=bin-san all
	BIN_DIR="$(abspath bin-san)" ASAN_OPTIONS=detect_leaks=0 bats --timing test

bench: deps
	@+$(MAKE) --no-print-directory all
	@bash test/bench/bench.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/smdyn/metadata
	install $(TOOLS:%=$(BIN)/%) $(DESTDIR)$(PREFIX)/bin
	cp -R pipelines $(DESTDIR)$(PREFIX)/share/smdyn/
	cp fixtures/metadata/*.ndjson $(DESTDIR)$(PREFIX)/share/smdyn/metadata

clean:
	rm -rf build build-* bin bin-*

.PHONY: all deps new demo test check bench install clean
