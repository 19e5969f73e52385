#!/usr/bin/env bash
# Gets the demo recording ready to be played as a camera, and prints its path.
#
#   deploy/recording.sh                    the street scene from Debian's package opencv-doc
#   deploy/recording.sh --recording FILE   a video of your own
#   deploy/recording.sh --scenes           the folder with the sources of the scene suite
#
# A camera sends H.264 without B-frames and with a keyframe every second or so, because a clip can
# begin only at a keyframe. Another video is converted once and kept in the cache
# ($MATTHAN_CACHE, else $XDG_CACHE_HOME/matthan, else ~/.cache/matthan); a second run finds it there.
# The path goes to stdout, progress and the one line of an error to stderr.
set -euo pipefail

# shellcheck source=deploy/dots.sh
source "$(dirname "$0")/dots.sh"

readonly package=opencv-doc
readonly scene=vtest.avi
readonly scene_sha256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf
readonly scene_frames=795
readonly tree=tree.avi
readonly tree_sha256=4666099d0f704e310047b2f0a5ec9f936cb76a7271de9a2e70a0c57f82ac82dc
readonly fetch_needs_mb=150 # the package, the file out of it, and the result
readonly scene_needs_mb=24  # the result, and some air
readonly keyframes_at_most_s=2

readonly cache="${MATTHAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/matthan}"
readonly own_file_cure="give a video of your own: $0 --recording FILE"
work=

say() { printf '%s\n' "$*" >&8; } # where dots.sh opened it: also while an error goes to a log

die() {
    say "recording: $*"
    exit 1
}

leave_nothing_half() { [[ -z $work ]] || rm -rf -- "$work"; }
trap leave_nothing_half EXIT
trap 'die "Stopped before it was ready; nothing half is left. Run it again."' INT TERM HUP

last_line() { # of a log, for the one line of an error
    local text
    text=$(grep -v '^[[:space:]]*$' "$1" 2>/dev/null | tail -n 1 | tr -d '\r') || true
    printf '%s' "${text:-no reason was given}"
}

need() { # PROGRAM CURE
    command -v "$1" >/dev/null || die "The program $1 is missing. $2"
}

need_ffmpeg() {
    need ffmpeg "Install it: apt install ffmpeg"
    need ffprobe "Install it: apt install ffmpeg"
}

free_mb() { df --output=avail -BM -- "$cache" | tail -n 1 | tr -dc '0-9'; }

need_space() { # MEGABYTES
    local free
    free=$(free_mb)
    ((free >= $1)) || die "The disk of $cache has $free MB free and $1 MB are needed." \
        "Free some, or set MATTHAN_CACHE to a folder on a larger disk."
}

# One run at a time works in the cache; the next waits and then finds the result.
open_cache() {
    local refusal
    refusal=$( (mkdir -p -- "$cache" && : >>"$cache/.recording.lock") 2>&1) ||
        die "The cache $cache cannot be written (${refusal##*: })." \
            "Set MATTHAN_CACHE to a folder that can be written."
    exec 9>>"$cache/.recording.lock"
    if ! flock --nonblock 9; then
        say "Waiting for another run to finish with $cache …"
        flock 9
    fi
    rm -rf -- "$cache"/.part.* # of a run that was killed
    work=$(mktemp -d -- "$cache/.part.XXXXXX" 2>/dev/null) ||
        die "The disk of $cache is full. Free some space, or set MATTHAN_CACHE to another disk."
}

# Written out before it is named: a power cut leaves the old state or the whole file.
keep() { # TEMPORARY FINAL
    if ! { sync -- "$1" && mv -fT -- "$1" "$2"; } 2>/dev/null; then
        die "The file $2 cannot be written. Set MATTHAN_CACHE to a folder on another disk."
    fi
}

sha256_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# Looks through a whole video without decoding it. Sets codec, pixels, b_frames, rate (frames per
# second), frames, gap (the most frames from one keyframe to the next) and opens_with_key.
# Dies if FILE is no video or is cut short.
look_at() { # FILE
    local format log=$work/probe.log packets=$work/packets
    format=$(ffprobe -v error -show_entries format=format_name -of csv=p=0 "file:$1" 2>"$log") ||
        refuse_unreadable "$1" "$log"
    read_stream "$1" "$log"
    [[ -n $codec && $format != tty ]] ||
        die "The file $1 is not a video (ffprobe finds no picture stream in it). Give another."
    ffprobe -v error -select_streams v:0 -show_entries packet=flags -of csv=p=0 "file:$1" \
        >"$packets" 2>"$log" || refuse_unreadable "$1" "$log"
    read -r frames gap opens_with_key < <(awk '
        /K/ { if (NR == 1) opens = 1; if (NR - last > gap && last) gap = NR - last; last = NR }
        END { if (NR + 1 - last > gap) gap = NR + 1 - last; print NR, gap, opens + 0 }' "$packets")
    ((frames > 1)) || die "The file $1 is a single picture, not a video. Give another."
    # Two in a hundred may be missing: old cameras leave empty places for frames they dropped.
    if ((frames * 100 < said_frames * 98)); then
        die "The file $1 is cut short ($frames of its $said_frames frames are there)." \
            "Copy it again from where it came."
    fi
    if grep -qiE 'prematurely|partial file|truncat' "$log"; then
        die "The file $1 is cut short (it ends after $frames frames, in the middle of one)." \
            "Copy it again from where it came."
    fi
}

refuse_unreadable() { # FILE LOG
    if grep -q 'moov atom not found' "$2" && head -c 12 -- "$1" | grep -qa ftyp; then
        die "The file $1 is cut short (its index, written last, is missing)." \
            "Copy it again from where it came."
    fi
    die "The file $1 is not a video that ffprobe understands ($(last_line "$2")). Give another."
}

read_stream() { # FILE LOG
    local key value average=
    codec='' pixels='' b_frames=0 rate=25 said_frames=0
    while IFS='=' read -r key value; do
        case $key in
            codec_name) codec=$value ;;
            pix_fmt) pixels=$value ;;
            has_b_frames) b_frames=$value ;;
            avg_frame_rate) average=$value ;;
            nb_frames) [[ $value == N/A ]] || said_frames=$value ;;
        esac
    done < <(ffprobe -v error -select_streams v:0 -of default=noprint_wrappers=1 -show_entries \
        stream=codec_name,pix_fmt,has_b_frames,avg_frame_rate,nb_frames "file:$1" 2>"$2")
    [[ ! $average =~ ^[1-9][0-9]*/[1-9][0-9]*$ ]] || rate=$average
}

# Frames per second, rounded, never below one: as many frames as one second has.
frames_in_a_second() {
    local above=${rate%/*} below=1
    [[ $rate != */* ]] || below=${rate#*/}
    local rounded=$(((2 * above + below) / (2 * below)))
    printf '%d' "$((rounded > 0 ? rounded : 1))"
}

# Why a camera would not send what look_at saw; nothing if it would.
unlike_a_camera() {
    if [[ $codec != h264 ]]; then
        printf 'it is %s, not H.264' "$codec"
    elif [[ $pixels != yuv420p && $pixels != yuvj420p ]]; then
        printf 'its pixels are %s, which phones do not play' "$pixels"
    elif ((b_frames > 0)); then
        printf 'it has B-frames'
    elif ((!opens_with_key)); then
        printf 'it does not begin with a keyframe'
    elif ((gap > keyframes_at_most_s * $(frames_in_a_second))); then
        printf 'its keyframes are up to %d frames apart' "$gap"
    fi
}

# At the rate look_at saw, with a keyframe every second and at no other place.
transcode() { # FROM TO RATE-OPTIONS...
    local from=$1 to=$2 log=$work/ffmpeg.log result=$work/result.mp4 every
    shift 2
    every=$(frames_in_a_second)
    # One thread makes the same file each time. The even crop is for pictures of an odd size, which H.264 players refuse.
    with_dots ffmpeg -nostdin -hide_banner -loglevel error -y -i "file:$from" \
        -map 0:v:0 -an -sn -dn -vf 'crop=trunc(iw/2)*2:trunc(ih/2)*2' -fps_mode cfr -r "$rate" \
        -c:v libx264 -threads 1 -profile:v high -pix_fmt yuv420p "$@" \
        -g "$every" -keyint_min "$every" -sc_threshold 0 -bf 0 \
        -f mp4 "file:$result" 2>"$log" || refuse_transcoding "$from" "$log"
    look_at "$result"
    [[ -z $(unlike_a_camera) ]] ||
        die "ffmpeg made a recording of $from that no camera would send ($(unlike_a_camera))." \
            "Install Debian's own ffmpeg: apt install ffmpeg"
    keep "$result" "$to"
}

refuse_transcoding() { # FROM LOG
    # The log is on the same disk: when that is full, it may hold no reason.
    if (($(free_mb) <= 1)) || grep -q 'No space left on device' "$2"; then
        die "The disk of $cache is full. Free some space," \
            "or set MATTHAN_CACHE to a folder on a larger disk."
    fi
    die "ffmpeg cannot turn $1 into H.264 ($(last_line "$2"))." \
        "Install Debian's own ffmpeg (apt install ffmpeg) or give another recording."
}

# The package is only taken apart, never installed: one file of its hundred megabytes is wanted.
fetch_scene() { # [TREE]
    local log=$work/apt.log size archives
    need apt-get "On a system that is not Debian, $own_file_cure"
    need dpkg-deb "Install it (apt install dpkg), or $own_file_cure"
    need_space "$fetch_needs_mb"
    size=$(apt-get download --print-uris "$package" 2>/dev/null |
        awk 'NF >= 3 { printf " (%d MB)", ($3 + 500000) / 1000000; exit }') || size=
    say "Fetching the recording$size from Debian's package $package …"
    (cd -- "$work" && with_dots apt-get -q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
        download "$package") >"$log" 2>&1 || refuse_fetching "$log"
    archives=("$work/$package"_*.deb)
    take_out "${archives[0]}" "$scene" "$scene_sha256"
    [[ ${1-} != "$tree" ]] || take_out "${archives[0]}" "$tree" "$tree_sha256"
    rm -f -- "${archives[@]}"
}

take_out() { # ARCHIVE FILE SHA256
    local log=$work/apt.log member
    say "Taking $2 out of it …"
    member=$(dpkg-deb --fsys-tarfile "$1" 2>"$log" | tar -t 2>>"$log" |
        grep -E "/${2//./\\.}(\.gz)?\$") ||
        die "The package $package holds no $2. Run apt-get update, or $own_file_cure"
    member=${member%%$'\n'*}
    dpkg-deb --fsys-tarfile "$1" 2>"$log" | tar -xO -- "$member" 2>>"$log" |
        if [[ $member == *.gz ]]; then gzip -dc; else cat; fi >"$work/$2" 2>>"$log" ||
        die "$2 cannot be taken out of $package ($(last_line "$log"))." \
            "Free some disk space, or $own_file_cure"
    [[ $(sha256_of "$work/$2") == "$3" ]] ||
        die "The $2 in $package is not the one this project knows (its SHA-256 differs)." \
            "Run apt-get update and try again, or $own_file_cure"
    keep "$work/$2" "$cache/$2"
}

refuse_fetching() { # LOG
    local reason
    reason=$(grep '^E:' "$1" | head -n 1) || reason=$(last_line "$1")
    die "Debian's package $package cannot be fetched (${reason#E: })." \
        "Check the network and run apt-get update, or $own_file_cure"
}

demo_recording() {
    local ready=$cache/vtest.mp4
    if [[ ! -s $ready ]]; then
        need_ffmpeg
        open_cache
    fi
    if [[ ! -s $ready ]]; then # still, now that no other run is at work
        is_kept "$scene" "$scene_sha256" || fetch_scene
        need_space "$scene_needs_mb"
        look_at "$cache/$scene"
        ((frames == scene_frames)) || die "$cache/$scene has $frames frames, not $scene_frames." \
            "Install Debian's own ffmpeg: apt install ffmpeg"
        say "Turning it into H.264 with a keyframe every second (about 10 seconds) …"
        transcode "$cache/$scene" "$ready" -b:v 1500k -maxrate 2000k -bufsize 3000k
        say "The recording is ready."
    fi
    printf '%s\n' "$ready"
}

is_kept() { # FILE SHA256
    [[ -f $cache/$1 && $(sha256_of "$cache/$1") == "$2" ]]
}

scene_recordings() {
    if ! is_kept "$scene" "$scene_sha256" || ! is_kept "$tree" "$tree_sha256"; then
        open_cache
        # another run may have brought them while this one waited
        is_kept "$scene" "$scene_sha256" && is_kept "$tree" "$tree_sha256" || fetch_scene "$tree"
    fi
    printf '%s\n' "$cache"
}

own_recording() { # FILE
    local file ready why
    [[ -e $1 ]] || die "The file $1 does not exist. Check its name."
    [[ -f $1 ]] || die "$1 is not a file. Give one video file."
    [[ -r $1 ]] || die "The file $1 may not be read. Change its permissions."
    [[ -s $1 ]] || die "The file $1 is empty. Copy it again from where it came."
    need_ffmpeg
    file=$(realpath -- "$1")
    open_cache
    look_at "$file"
    why=$(unlike_a_camera)
    if [[ -z $why ]]; then
        printf '%s\n' "$file"
        return
    fi
    ready=$cache/recording-$(sha256_of "$file" | cut -c 1-16).mp4
    if [[ ! -s $ready ]]; then
        say "Turning $1 into H.264 with a keyframe every second, since $why …"
        transcode "$file" "$ready" -crf 23 -maxrate 4000k -bufsize 8000k
        say "The recording is ready."
    fi
    printf '%s\n' "$ready"
}

case "$#:${1-}" in
    0:) demo_recording ;;
    1:--scenes) scene_recordings ;;
    2:--recording) own_recording "$2" ;;
    1:-h | 1:--help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" ;;
    *) die "Not understood: $*. Use: $0 [--recording FILE], or $0 --scenes" ;;
esac
