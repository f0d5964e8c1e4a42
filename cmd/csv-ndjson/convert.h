/*
 * convert - what the files of csv-ndjson share
 *
 *	main.c		the command line; the CSV file, row by row
 *	labels.c	which field a header means
 *	tree.c		the cells of a row as the members of a record
 */
#ifndef CONVERT_H
#define CONVERT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* labels.c */

enum meaning { MEANS_FIELD, MEANS_NOTHING, MEANS_TWO, MEANS_LEAVE_OUT };

struct labels;
struct labels *labels_new(void);
void labels_add_map(struct labels *l, const char *path);	/* CSV: label,field; before what is added later */
void labels_add_fields(struct labels *l, const char *path, const char *module);	/* 78 if there is none of the module and no map */
enum meaning labels_find(const struct labels *l, const char *header, struct buf *field);	/* MEANS_TWO: field names both */
void labels_free(struct labels *l);

/* tree.c */

struct node;
struct node *tree_new(void);
bool tree_add(struct node *root, const char *path, size_t column, const char **what);	/* a.b, a[], a[].b; false: what is wrong */
void tree_put(struct buf *b, const struct node *root, const char *kind, const struct buf *cell, char separator);
void tree_free(struct node *root);

#endif
