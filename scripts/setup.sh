# Set-up shared by ./hieravid and ./test: what is missing is installed (as root), everything is built once.
# Sourced, with ROOT set to the repository. Prints only what it does; a second run finds nothing to do.

OUT="$ROOT/artifacts"
CONFIGURATION=release
BUILD_OPTIONS=(-c Release --nologo -v quiet)
BIN="$OUT/bin"
# libtorch's waiting threads leave the cores to others, and its large blocks of memory come in huge pages: read when it is
# loaded (src/Torch/Loading/Libtorch.cs, which programs of their own start with).
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}" THP_MEM_ALLOC_ENABLE="${THP_MEM_ALLOC_ENABLE:-1}"

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Runs a command as root, or says how to run it.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"
  else return 1
  fi
}

has_icu() { compgen -G '/usr/lib/*/libicuuc.so.*' >/dev/null || compgen -G '/usr/lib*/libicuuc.so.*' >/dev/null; }
install_packages() {
  local packages=() reasons=()
  want() { packages+=("$1"); reasons+=("$1 ($2)"); }
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || want ffmpeg "decodes videos"
  command -v prlimit >/dev/null && command -v unshare >/dev/null || want util-linux "locks FFmpeg in"
  has_icu || want libicu-dev "Unicode rules for the tokenizer"
  command -v dotnet >/dev/null || [ -x "$ROOT/.setup/dotnet/dotnet" ] || command -v curl >/dev/null \
    || want curl "fetches the .NET SDK"
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "Missing: ${reasons[*]}. Install them with this system's package manager and run again."
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; } \
    || fail "Missing: ${reasons[*]}. Install with: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}"
  say "installing ${reasons[*]}"
  as_root apt-get update -qq || fail "apt-get update failed; see above."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null \
    || fail "Installing failed; try: apt-get install -y --no-install-recommends ${packages[*]}"
}

# The .NET 10 SDK: the system's, or one under .setup that needs no root.
find_dotnet() {
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
  if [ -x "$ROOT/.setup/dotnet/dotnet" ]; then
    export PATH="$ROOT/.setup/dotnet:$PATH" DOTNET_ROOT="$ROOT/.setup/dotnet"
  fi
}

install_dotnet() {
  find_dotnet
  command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.' && return 0
  say "installing the .NET 10 SDK into .setup/dotnet (with Microsoft's own script; no root needed)"
  mkdir -p "$ROOT/.setup"
  curl -fsSL https://dot.net/v1/dotnet-install.sh -o "$ROOT/.setup/dotnet-install.sh" \
    && bash "$ROOT/.setup/dotnet-install.sh" --channel 10.0 --install-dir "$ROOT/.setup/dotnet" >/dev/null \
    || fail "The .NET 10 SDK could not be installed; install it from https://dotnet.microsoft.com/download and run again."
  find_dotnet
}

# newer_than STAMP PATH...: whether anything below the paths changed after the stamp (folders too: a deleted file counts).
newer_than() {
  local stamp="$1"
  shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit 2>/dev/null)" ]
}

# build_dotnet NAME PROJECT: builds once; again when a source changed.
build_dotnet() {
  local stamp="$BIN/../built-$1" built
  # Whoever built everything built this too.
  for built in "$stamp" "$BIN/../built-all"; do
    newer_than "$built" "$ROOT/src" "$ROOT/tests" "$ROOT/tools" "$ROOT/bench" "$ROOT/samples/method" "$ROOT"/Directory.* "$ROOT/HieraVid.sln" || return 0
  done
  install_packages
  install_dotnet
  say "building $1"
  mkdir -p "$BIN"
  local log="$BIN/../build-$1.log" started
  started="$(mktemp "$BIN/../started-XXXX")" && chmod 644 "$started"
  dotnet build "$ROOT/$2" "${BUILD_OPTIONS[@]}" >"$log" 2>&1 \
    || { rm -f "$started"; grep -E 'error' "$log" | sort -u | head -n 20 >&2; fail "The build failed; see $log."; }
  # The stamp is as old as the build's beginning: what changed during it counts as changed.
  mv "$started" "$stamp"
}

set_up() {
  [ -w "$ROOT" ] || [ -e "$BIN/../built-$1" ] || [ -e "$BIN/../built-all" ] || fail "$ROOT is not writable and nothing is built there yet; clone it to a folder of your own."
  if [ -e "$BIN/../built-$1" ]; then command -v ffmpeg >/dev/null || install_packages; fi
  find_dotnet
  build_dotnet "$1" "$2"
}
