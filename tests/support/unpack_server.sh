# Sourced by cyrus/fetch and dovecot/fetch: unpacks a server's Debian packages, and the libraries that the machine lacks,
# into a private folder. Installs nothing and needs no root.

fail() {
  printf '%s: %s\n' "$me" "$1" >&2
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# Libraries that the packages need, directly or through another library, and that are not installed. The virus scanner's
# is left out: it is large, and only a tool that we never run uses it.
libraries_of() {
  local queue=("$@") seen=' ' next
  while [ "${#queue[@]}" -gt 0 ]; do
    next=$(apt-cache "${apt[@]}" depends -i --no-recommends --no-suggests "${queue[@]}" 2>/dev/null |
      sed -nE 's/^ [ |](Pre)?Depends: ((lib|zlib)[^<> ]*)$/\2/p' | grep -vE '^libclamav|-perl$|^libpam-runtime' | sort -u) || true
    queue=()
    local name
    for name in $next; do
      case "$seen" in *" $name "*) continue ;; esac
      seen+="$name "
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && continue
      queue+=("$name")
      echo "$name"
    done
  done
}

download() {
  local libraries
  mapfile -t libraries < <(libraries_of "$@")
  (cd "$new/debs" && apt-get "${apt[@]}" -qq download "$@" "${libraries[@]}" 2>"$new/apt.log")
}

# Downloads with the machine's package lists, or where these are absent or old, with fresh private ones.
unpack_packages() {
  mkdir -p "$new/debs" "$new/lists/partial"
  apt=(-o APT::Sandbox::User= -o Debug::NoLocking=true)
  if ! download "$@"; then
    apt+=(-o "Dir::State::Lists=$new/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=")
    apt-get "${apt[@]}" -qq update 2>"$new/apt.log" || fail 'apt-get could not fetch package lists:' "$(cat "$new/apt.log")"
    download "$@" || fail "apt-get could not download $1:" "$(cat "$new/apt.log")"
  fi
  local package
  for package in "$new"/debs/*.deb; do
    dpkg -x "$package" "$new"
  done
  rm -rf "$new/debs" "$new/lists" "$new/usr/share" "$new/etc" "$new/apt.log"
}

make_certificates() {
  local tls=$new/tls
  mkdir "$tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=mailpipe test CA' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' >"$tls/ext"
  openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -set_serial 1 -days 3650 \
    -extfile "$tls/ext" -out "$tls/server.pem" 2>/dev/null
  rm "$tls/ca.key" "$tls/server.csr" "$tls/ext"
}

# fetch_server FOLDER LAYOUT PACKAGE...: does nothing when FOLDER is complete for LAYOUT, a number that is raised when the
# caller puts other things there. Afterwards FOLDER is whole or as it was. Calls `adapt` on what was unpacked in $new.
fetch_server() {
  local folder=$1 layout=$2 tool
  shift 2
  is_complete() { [ "$(cat "$folder/complete" 2>/dev/null)" = "$layout" ]; }
  ! is_complete || return 0
  for tool in apt-get apt-cache dpkg openssl flock; do
    command -v "$tool" >/dev/null ||
      fail "$tool is needed and missing; test servers are fetched on Debian and Ubuntu only (scripts/setup)."
  done
  mkdir -p "$(dirname "$folder")"
  exec 9>"$folder.lock"
  flock 9
  ! is_complete || return 0

  new=$folder.new
  rm -rf "$new"
  mkdir -p "$new"
  trap 'rm -rf "$new"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo "$me: unpacking $1 and more into $folder (nothing is installed)"
  unpack_packages "$@"
  make_certificates
  adapt
  echo "$layout" >"$new/complete"
  chmod -R go+rX "$new"
  rm -rf "$folder"
  mv "$new" "$folder"
  trap - EXIT
}
