#!/bin/sh
# Remove what install.sh installed. Models, settings and logs of the user stay.
set -eu
home=$(cd "$(dirname "$0")" && pwd)
prefix=$(cd "$home/../.." && pwd)
share=$prefix/share
rm -f "$prefix/bin/hilum" "$prefix/bin/hilum-core"
rm -f "$share/applications/hilum.desktop" "$share/mime/packages/hilum.xml"
rm -f "$share/man/man1/hilum.1.gz" "$share/man/man1/hilum-core.1.gz"
rm -f "$share"/icons/hicolor/*/apps/hilum.png
if command -v update-desktop-database >/dev/null; then
    update-desktop-database "$share/applications" || true
fi
if command -v update-mime-database >/dev/null; then
    update-mime-database "$share/mime" || true
fi
rm -rf "$home"
echo "Hilum was removed from $prefix."
