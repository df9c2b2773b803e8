# What the clients of the scenarios share. Sourced by run.sh of each; ALTO is the server's URL.
# shellcheck shell=sh

# say QUESTION COMMAND [ARGUMENT...]: the question, and the answer that the command finds.
say() {
    question=$1
    shift
    answer=$("$@")
    echo "$question -> $answer"
}

# uri RESOURCE: where the information resource directory says that it is.
uri() {
    curl -sSf "$ALTO/" | jq -er --arg id "$1" --arg base "$ALTO" '$base + .resources[$id].uri'
}

# get RESOURCE [CURL OPTION...]
get() {
    resource=$1
    shift
    curl -sSf "$@" "$(uri "$resource")"
}

# ask RESOURCE MEDIA JSON: what a resource answers that is asked by POST.
ask() {
    curl -sSf -H "Content-Type: application/alto-$2+json" --data-binary "$3" "$(uri "$1")"
}

# follow RESOURCE...: keeps copies in copy/RESOURCE.json by an update stream, from now on.
# news RESOURCE: waits until the copy of this one is new, and prints how it came: full, or as a patch.
follow() {
    mkdir -p copy
    mkfifo events
    footprintctl watch --sse --json --output-dir copy "$ALTO/" "$@" >events &
    watch=$!
    trap 'kill "$watch"' EXIT
    exec 3<events
}
news() {
    while read -r event; do
        how=$(echo "$event" | jq -r --arg id "$1" 'select(.resource == $id and .changed and .waits == null).kind')
        if [ -n "$how" ]; then
            echo "$how"
            return
        fi
    done <&3
    return 1
}
unfollow() {
    trap - EXIT
    kill "$watch"
    wait "$watch"
    exec 3<&-
}

# apply FILE|DIRECTORY...: the operator's side.
apply() {
    footprintctl apply --yes "$@" >&2
}
