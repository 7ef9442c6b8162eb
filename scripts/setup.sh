# Set-up shared by ./hieravid and ./test: what is missing is installed (as root), everything is built once.
# Sourced, with ROOT set to the repository. Prints only what it does; a second run finds nothing to do.

OUT="$ROOT/artifacts"
CONFIGURATION=release
# One compiler process for all projects, whatever the environment says: its start costs more than most of them.
BUILD_OPTIONS=(-c Release --nologo -v quiet -p:UseSharedCompilation=true)
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

has() { local name; for name in "$@"; do command -v "$name" >/dev/null || return 1; done; }
has_file() { local pattern; for pattern in "$@"; do if compgen -G "$pattern" >/dev/null; then return 0; fi; done; return 1; }

# What a purpose needs and this machine lacks, one package a line with its reason. A program counts wherever it comes from.
packages_for_demo() {
  has ffmpeg ffprobe || echo "ffmpeg decodes videos"
  has prlimit unshare || echo "util-linux locks FFmpeg in"
  has_file "/usr/lib/*/libicuuc.so.*" "/usr/lib*/libicuuc.so.*" || echo "libicu..$ Unicode rules for the tokenizer"
  has_file '/usr/lib/*/libssl.so.3' '/usr/lib*/libssl.so.3' || echo "openssl .NET fetches packages with it"
  has dotnet || [ -x "$ROOT/.setup/dotnet/dotnet" ] || has curl || echo "curl fetches the .NET SDK"
}

packages_for_tests() {
  packages_for_demo
  has_file /usr/lib/rabbitmq/bin/rabbitmq-server || echo "rabbitmq-server the cluster's queue"
  has_file '/usr/lib/postgresql/*/bin/initdb' || echo "postgresql the cluster's tables"
  has chromium || has chromium-browser || has google-chrome || echo "chromium looks at the report"
  has node || echo "nodejs runs Azurite, Microsoft's emulator of its storage"
  has azurite-blob || has npm || echo "npm fetches Azurite"
  has promtool || echo "prometheus its promtool checks the metrics"
  # Helm is in no Debian. Go's templates with Helm's own function library are; they are what Helm renders with.
  if ! has helm; then
    has go || echo "golang-go renders the chart as Helm does"
    has_file /usr/share/gocode/src/github.com/Masterminds/sprig || echo "golang-github-masterminds-sprig-dev Helm's template functions"
    has_file /usr/share/gocode/src/sigs.k8s.io/yaml || echo "golang-k8s-sigs-yaml-dev Helm's YAML"
  fi
}

may_install() { has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }; }

# install_packages PURPOSE: what is missing for it, with apt. Without the right to do so the demo's packages are a must; the
# tests say themselves what they were skipped for.
install_packages() {
  local missing packages reasons
  missing="$("packages_for_$1")"
  [ -n "$missing" ] || return 0
  packages="$(cut -d' ' -f1 <<<"$missing" | paste -sd' ')"
  reasons="$(sed -E 's/ (.*)/ (\1)/' <<<"$missing" | paste -sd'|' | sed 's/|/, /g')"
  if ! may_install; then
    local advice="Missing: $reasons. Install them with this system's package manager and run again."
    ! has apt-get || advice="Missing: $reasons. Install with: sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
    [ "$1" = tests ] && [ -z "$(packages_for_demo)" ] || fail "$advice"
    say "$advice Tests that need them are skipped."
    return 0
  fi
  say "installing $reasons"
  as_root apt-get update -qq || fail "apt-get update failed; see above."
  # shellcheck disable=SC2086
  apt_install $packages || fail "Installing failed; try: apt-get install -y --no-install-recommends $packages"
}

# Servers that come with packages are started neither now nor at the next boot: the tests start their own.
apt_install() (
  rule=/usr/sbin/policy-rc.d
  if [ ! -e "$rule" ]; then
    trap 'as_root rm -f "$rule"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$rule" >/dev/null && as_root chmod 755 "$rule"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "$@" >/dev/null || exit
  for server in rabbitmq-server postgresql prometheus; do
    [[ " $* " != *" $server "* ]] || ! has systemctl || as_root systemctl disable --quiet "$server" 2>/dev/null || true
  done
)

# Azurite in a folder of our own: the newest one that runs on the Node of Debian 12 and 13.
install_azurite() {
  local version=3.35.0 folder="$ROOT/.setup/azurite"
  ! has azurite-blob && has npm && [ ! -e "$folder/$version" ] || return 0
  say "installing Azurite $version into .setup/azurite (with npm)"
  mkdir -p "$folder"
  npm install --silent --no-fund --no-audit --prefix "$folder" "azurite@$version" >"$folder/install.log" 2>&1 && touch "$folder/$version" \
    || fail "npm could not install Azurite; see $folder/install.log."
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
  has dotnet && dotnet --list-sdks | grep -q '^10\.' && return 0
  # Ubuntu has it among its own packages, Debian with Microsoft's.
  if may_install && [ -n "$(apt-cache show --no-all-versions dotnet-sdk-10.0 2>/dev/null)" ]; then
    say "installing dotnet-sdk-10.0 (builds the programs)"
    apt_install dotnet-sdk-10.0 && hash -r && return 0
  fi
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
  install_packages demo
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
  if [ -e "$BIN/../built-$1" ]; then has ffmpeg || install_packages demo; fi
  find_dotnet
  build_dotnet "$1" "$2"
}
