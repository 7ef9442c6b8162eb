# Set-up shared by ./hieravid and ./test: what is missing is installed (as root), everything is built once.
# Sourced, with ROOT set to the repository. Prints only what it does; a second run finds nothing to do.

OUT="$ROOT/artifacts"
CONFIGURATION=release
# Which tensor library the C# code is built on: Native (the system's libtorch) or TorchSharp (the package).
TORCH="${HIERAVID_TORCH:-Native}"
BUILD_OPTIONS=(-c Release --nologo -v quiet -p:Torch="$TORCH")
BIN="$OUT/bin"
if [ "$TORCH" = TorchSharp ]; then
  BIN="$OUT/torchsharp/bin"
  [ -z "${TORCHSHARP_VERSION:-}" ] || BUILD_OPTIONS+=(-p:TorchSharpVersion="$TORCHSHARP_VERSION")
fi

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
has_libtorch() {
  [ -n "${LIBTORCH:-}" ] && [ -e "$LIBTORCH/include/torch/csrc/api/include/torch/torch.h" ] \
    || [ -e /usr/include/torch/csrc/api/include/torch/torch.h ]
}
# libtorch-dev pulls in a reference BLAS, with which float32 products are some 50 times slower than with OpenBLAS.
has_openblas() { [ -n "${LIBTORCH:-}" ] || has_file '/usr/lib/*/openblas-pthread/libblas.so.3'; }

# What a purpose needs and this machine lacks, one package a line with its reason. A program counts wherever it comes from.
packages_for_demo() {
  has ffmpeg ffprobe || echo "ffmpeg decodes videos"
  has g++ || echo "g++ compiles the binding to libtorch"
  has cmake || echo "cmake builds the binding to libtorch"
  has make || has ninja || echo "make builds the binding to libtorch"
  has prlimit unshare || echo "util-linux locks FFmpeg in"
  has_libtorch || echo "libtorch-dev tensors; or set LIBTORCH to a libtorch of your own"
  has_openblas || echo "libopenblas0-pthread fast matrix products"
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

build_native() {
  [ "$TORCH" = Native ] || return 0
  local stamp="$OUT/native/built" which="${LIBTORCH:-system}"
  if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$which" ] && ! newer_than "$stamp" "$ROOT/native/torch"; then return 0; fi
  install_packages demo
  say "building the binding to libtorch (once; half a minute)"
  local folder="$OUT/cmake"
  rm -rf "$folder"
  mkdir -p "$OUT/native"
  { cmake -S "$ROOT/native/torch" -B "$folder" -DCMAKE_BUILD_TYPE=Release && cmake --build "$folder" -j "$(nproc)"; } \
    >"$OUT/native/build.log" 2>&1 || { tail -n 20 "$OUT/native/build.log" >&2; fail "The binding to libtorch did not build; see $OUT/native/build.log."; }
  cp "$folder/libhieravid_torch.so" "$OUT/native/"
  printf '%s\n' "$which" >"$stamp"
}

# Whether the cluster is built: where the feed lacks one of its packages (the group "Cluster" of Directory.Packages.props) it
# is left out. HIERAVID_CLUSTER=true or false decides by hand. Leaves CLUSTER, and MISSING with the packages' names.
decide_cluster() {
  local answer="$OUT/cluster" props="$ROOT/Directory.Packages.props"
  CLUSTER="${HIERAVID_CLUSTER:-}" MISSING=""
  if [ -n "$CLUSTER" ]; then
    [ "$CLUSTER" = true ] || { CLUSTER=false; MISSING="HIERAVID_CLUSTER is set to leave it out"; }
  else
    if [ ! -e "$answer" ] || [ "$props" -nt "$answer" ] || { [ "$(head -n 1 "$answer")" = false ] && newer_than "$answer" ~/.nuget/NuGet "$ROOT"/[Nn]u[Gg]et.[Cc]onfig; }; then
      ask_feed "$props" "$answer"
    fi
    CLUSTER="$(head -n 1 "$answer")" MISSING="$(tail -n +2 "$answer")"
  fi
  BUILD_OPTIONS+=(-p:Cluster="$CLUSTER")
}

# ask_feed PROPS ANSWER: restores the cluster's packages for nothing; writes true, or false and the packages that are missing.
ask_feed() {
  local folder="$OUT/feed" packages
  install_dotnet
  mkdir -p "$folder"
  packages="$(sed -n '/Label="Cluster"/,/<\/ItemGroup>/s/.*PackageVersion Include="\([^"]*\)".*/\1/p' "$1")"
  {
    echo '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>'
    printf '<PackageReference Include="%s" />\n' $packages
    # As the projects have it: it brings the Microsoft.Extensions assemblies, so that no feed is asked for their old packages.
    echo '<FrameworkReference Include="Microsoft.AspNetCore.App" />'
    echo '</ItemGroup></Project>'
  } >"$folder/Feed.csproj"
  if dotnet restore "$folder/Feed.csproj" --nologo -v quiet >"$folder/restore.log" 2>&1; then
    echo true >"$2"
  else
    { echo false; grep -oE 'NU110[0-9]: [^.]*package [A-Za-z0-9.]*[A-Za-z0-9]' "$folder/restore.log" | sed 's/.*package //' | sort -u | paste -sd ' ' - | grep . \
      || echo "the feed could not be asked; see $folder/restore.log"; } >"$2"
  fi
}

say_what_is_left_out() {
  [ "$CLUSTER" = true ] || say "THE CLUSTER IS LEFT OUT (silo, submit, watch, jobs, cancel, result). Missing: $MISSING"
}

# build_dotnet NAME PROJECT: builds once; again when a source changed.
build_dotnet() {
  local stamp="$BIN/../built-$1" built
  # Whoever built everything built this too.
  for built in "$stamp" "$BIN/../built-all"; do
    newer_than "$built" "$ROOT/src" "$ROOT/tests" "$ROOT/tools" "$ROOT/bench" "$ROOT/samples/method" "$ROOT"/Directory.* "$ROOT/HieraVid.sln" "$OUT/native/built" "$OUT/cluster" || return 0
  done
  install_packages demo
  install_dotnet
  say_what_is_left_out
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
  build_native
  decide_cluster
  build_dotnet "$1" "$2"
}
