/* What a board has and this machine lacks, so that libcamera's virtual camera runs: preloaded.
 *
 * libcamera asks the kernel for buffers that devices share (a DMA heap) and gets plain memory. Its
 * virtual pipeline of 0.4 neither fills in a frame's metadata nor keeps a frame rate, so both are
 * done here, at the two functions through which every frame passes.
 *
 *   BOARD_CAMERAS  a file read in place of the fixed virtual.yaml
 *   BOARD_RATE     frames a second
 *   BOARD_MOOD     a file; while it begins with "hang" no frame comes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char HEAP[] = "/dev/dma_heap/linux,cma";
static const char CAMERAS[] = "/usr/share/libcamera/pipeline/virtual/virtual.yaml";

struct metadata { /* the head of libcamera::FrameMetadata */
	int status;
	unsigned int sequence;
	uint64_t timestamp_ns;
};

static void *next_of(const char *name) { return dlsym(RTLD_NEXT, name); }

/* Python opens libcamera for itself alone, so the dynamic linker must be asked for it by name. */
static void *of_libcamera(const char *name)
{
	void *library = dlopen("libcamera.so.0.4", RTLD_NOLOAD | RTLD_LAZY);
	return library ? dlsym(library, name) : NULL;
}

static const char *place(const char *path)
{
	const char *ours = getenv("BOARD_CAMERAS");
	return path && ours && strcmp(path, CAMERAS) == 0 ? ours : path;
}

static int open_as(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) = next_of(name);
	if (path && strcmp(path, HEAP) == 0)
		return memfd_create("heap", MFD_CLOEXEC);
	return real(place(path), flags, mode);
}

#define OPEN(name)                                                   \
	int name(const char *path, int flags, ...)                   \
	{                                                            \
		mode_t mode = 0;                                     \
		if (flags & (O_CREAT | __O_TMPFILE)) {               \
			va_list more;                                \
			va_start(more, flags);                       \
			mode = va_arg(more, mode_t);                 \
			va_end(more);                                \
		}                                                    \
		return open_as(#name, path, flags, mode);            \
	}
OPEN(open)
OPEN(open64)

#define STAT(name, kind)                                             \
	int name(const char *path, struct kind *into)                \
	{                                                            \
		int (*real)(const char *, struct kind *) = next_of(#name); \
		return real(place(path), into);                      \
	}
STAT(stat, stat)
STAT(stat64, stat64)

int access(const char *path, int mode)
{
	int (*real)(const char *, int) = next_of("access");
	return real(place(path), mode);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, void *) = next_of("ioctl");
	va_list more;
	va_start(more, request);
	void *argument = va_arg(more, void *);
	va_end(more);
	if (request == DMA_HEAP_IOCTL_ALLOC) {
		struct dma_heap_allocation_data *wanted = argument;
		int memory = memfd_create("buffer", MFD_CLOEXEC);
		if (memory < 0 || ftruncate(memory, wanted->len) < 0)
			return -1;
		wanted->fd = memory;
		return 0;
	}
	int answer = real(fd, request, argument);
	int is_about_sharing = _IOC_TYPE(request) == 'b' && _IOC_NR(request) <= 1;
	if (answer < 0 && errno == ENOTTY && is_about_sharing)
		return errno = 0; /* plain memory needs neither name nor synchronisation */
	return answer;
}

static int hangs(void)
{
	char word[5] = "";
	const char *path = getenv("BOARD_MOOD");
	FILE *mood = path ? fopen(path, "re") : NULL;
	if (mood) {
		if (!fgets(word, sizeof word, mood))
			word[0] = 0;
		fclose(mood);
	}
	return strcmp(word, "hang") == 0;
}

static uint64_t since_boot_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static unsigned int frames;

int _ZN9libcamera15PipelineHandler14completeBufferEPNS_7RequestEPNS_11FrameBufferE(
	void *self, void *request, void *buffer)
{
	const char *own = "_ZN9libcamera15PipelineHandler14completeBufferEPNS_7RequestEPNS_11FrameBufferE";
	int (*real)(void *, void *, void *) = of_libcamera(own);
	struct metadata *(*of)(void *) = of_libcamera("_ZNK9libcamera11FrameBuffer8metadataEv");
	struct metadata *metadata = of(buffer);
	metadata->status = 0;
	metadata->sequence = frames;
	metadata->timestamp_ns = since_boot_ns();
	return real(self, request, buffer);
}

void _ZN9libcamera15PipelineHandler15completeRequestEPNS_7RequestE(void *self, void *request)
{
	static uint64_t due_ns;
	const char *own = "_ZN9libcamera15PipelineHandler15completeRequestEPNS_7RequestE";
	void (*real)(void *, void *) = of_libcamera(own);
	const char *rate = getenv("BOARD_RATE");
	while (hangs())
		usleep(20000);
	uint64_t now_ns = since_boot_ns();
	due_ns += 1e9 / (rate ? atof(rate) : 15);
	if (due_ns + 1000000000ull < now_ns)
		due_ns = now_ns;
	if (due_ns > now_ns)
		usleep((due_ns - now_ns) / 1000);
	frames++;
	real(self, request);
}
