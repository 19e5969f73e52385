/* The hub's part in Mosquitto: what its access list cannot say.

   - Mosquitto 2.0 checks a message when it is delivered, but lets everybody subscribe to everything.
     It keeps each level of each filter: 3 MB of filters from one node took over 800 MiB. So a node may
     subscribe to the hub's messages to it and to the hub's presence only.
   - A node's message is retained only on the topics where nodes retain one.
   - A node says 1,000 messages at once and 500 a second; what is more is refused, before it takes a
     place in the hub's queue, which all nodes share. A node that keeps to the protocol has twenty
     without a receipt and comes to 180 a second.
   - When the broker reads its papers again, who is on the list of shut-out nodes is disconnected, and
     what it left retained is removed. The hub itself has no right to write there.

   All else is for the access list. This is a plugin of interface 5, which Mosquitto has since 2.0. Its
   declarations are below, as in mosquitto_plugin.h and mosquitto_broker.h, so that no header is needed.
   Mosquitto calls it from its one thread. */

#ifdef MADE_OF
const char made_of[] = MADE_OF; /* hash of sources, options and compiler: deploy/kernel.py */
#endif

#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SUCCESS = 0, ACL_DENIED = 12, DEFER = 17 };
enum { ON_RELOAD = 1, ON_ACL_CHECK = 2 };
enum { WRITE = 2, SUBSCRIBE = 4 };
enum { LOG_NOTICE = 2, LOG_WARNING = 4 };

struct option {
    char *key, *value;
};

struct acl_check {
    void *future;
    const void *client;
    const char *topic;
    const void *payload;
    const void *properties;
    int access;
    uint32_t payload_bytes;
    uint8_t qos;
    bool retain;
    void *future2[4];
};

typedef int (*callback)(int event, void *data, void *unused);
int mosquitto_callback_register(void *self, int event, callback call, const void *what, void *data);
const char *mosquitto_client_username(const void *client);
int mosquitto_broker_publish(const char *to, const char *topic, int bytes, void *payload, int qos,
                             bool retain, void *properties);
int mosquitto_kick_client_by_username(const char *name, bool with_will);
void mosquitto_log_printf(int level, const char *form, ...);
int mosquitto_plugin_version(int count, const int *versions);
int mosquitto_plugin_init(void *self, void **data, struct option *options, int count);
int mosquitto_plugin_cleanup(void *data, struct option *options, int count);

static const char ROOT[] = "matthan/", PRESENCE[] = "matthan/hub/presence";
static const char *const RETAINED[] = {"/up/status", "/up/settings", "/up/programs"};
enum { MOST = 64, KINDS = sizeof RETAINED / sizeof *RETAINED };
static char list_path[4096];

static const double BURST = 1000, PER_S = 500;
enum { PLACES = 1 << 16, TRIES = 64 };
static struct bucket {
    char name[MOST];
    double left, at_s;
} buckets[PLACES];

/* `hub`, `hub.2` and so on: no node can have a name with a dot. */
static bool is_hub(const char *name)
{
    return strncmp(name, "hub", 3) == 0 && (name[3] == 0 || name[3] == '.');
}

static bool is_below(const char *topic, const char *node, const char *rest)
{
    size_t root = sizeof ROOT - 1, length = strlen(node);
    return strncmp(topic, ROOT, root) == 0 && strncmp(topic + root, node, length) == 0 &&
           strcmp(topic + root + length, rest) == 0;
}

static bool may_retain(const char *topic, const char *node)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (is_below(topic, node, RETAINED[kind]))
            return true;
    return false;
}

/* By open addressing; a name that finds no place shares one. */
static struct bucket *bucket_of(const char *name)
{
    uint32_t at = 2166136261u;
    struct bucket *one = buckets;
    for (const char *letter = name; *letter; letter++)
        at = (at ^ (unsigned char)*letter) * 16777619u;
    for (int tries = 0; tries < TRIES; tries++) {
        one = &buckets[(at + tries) % PLACES];
        if (!*one->name) {
            snprintf(one->name, sizeof one->name, "%s", name);
            one->left = BURST;
            return one;
        }
        if (strcmp(one->name, name) == 0)
            return one;
    }
    return one;
}

static bool is_within_rate(const char *name)
{
    struct timespec now;
    struct bucket *one = bucket_of(name);
    clock_gettime(CLOCK_MONOTONIC, &now);
    double now_s = now.tv_sec + now.tv_nsec / 1e9;
    one->left += (now_s - one->at_s) * PER_S;
    one->at_s = now_s;
    if (one->left > BURST)
        one->left = BURST;
    if (one->left < 1)
        return false;
    one->left -= 1;
    return true;
}

static int check(int event, void *data, void *unused)
{
    (void)event, (void)unused;
    const struct acl_check *asked = data;
    const char *name = mosquitto_client_username(asked->client);
    bool may = true;
    if (name && is_hub(name))
        return DEFER;
    if (asked->access == SUBSCRIBE)
        may = name && (is_below(asked->topic, name, "/down/#") || strcmp(asked->topic, PRESENCE) == 0);
    else if (asked->access == WRITE)
        may = name && is_within_rate(name) && (!asked->retain || may_retain(asked->topic, name));
    return may ? DEFER : ACL_DENIED;
}

static void shut_out(const char *node)
{
    char topic[2 * MOST + 32];
    mosquitto_kick_client_by_username(node, false);
    for (int kind = 0; kind < KINDS; kind++) {
        snprintf(topic, sizeof topic, "%s%s%s", ROOT, node, RETAINED[kind]);
        mosquitto_broker_publish(NULL, topic, 0, NULL, 1, true, NULL);
    }
}

static int reload(int event, void *data, void *unused)
{
    (void)event, (void)data, (void)unused;
    char name[MOST + 2];
    FILE *list = fopen(list_path, "r");
    if (!list)
        return SUCCESS; /* the hub has not written one yet */
    while (fgets(name, sizeof name, list)) {
        name[strcspn(name, "\n")] = 0;
        if (*name && !is_hub(name) && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
            shut_out(name);
    }
    fclose(list);
    return SUCCESS;
}

int mosquitto_plugin_version(int count, const int *versions)
{
    while (count-- > 0)
        if (versions[count] == 5)
            return 5;
    return -1;
}

int mosquitto_plugin_init(void *self, void **data, struct option *options, int count)
{
    (void)data;
    for (int one = 0; one < count; one++)
        if (strcmp(options[one].key, "shut_out") == 0)
            snprintf(list_path, sizeof list_path, "%s", options[one].value);
    if (!*list_path)
        mosquitto_log_printf(LOG_WARNING, "Mat Than: plugin_opt_shut_out names no list of shut-out nodes.");
    int failed = mosquitto_callback_register(self, ON_ACL_CHECK, check, NULL, NULL);
    return failed ? failed : mosquitto_callback_register(self, ON_RELOAD, reload, NULL, NULL);
}

/* Mosquitto takes the callbacks back itself when it ends. */
int mosquitto_plugin_cleanup(void *data, struct option *options, int count)
{
    (void)data, (void)options, (void)count;
    return SUCCESS;
}
