#!/bin/sh
# Install Hilum for one user, without being root: program, menu entry, file types.
# `sh install.sh [FOLDER]`: into ~/.local, or another folder of the same layout.
# An earlier version there is replaced; models and settings are kept elsewhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$HOME/.local}
mkdir -p "$prefix/lib" "$prefix/bin"
prefix=$(cd "$prefix" && pwd)
home=$prefix/lib/hilum

# Beside its place first: an interrupted copy replaces nothing.
rm -rf "$home.new"
cp -R "$here/hilum" "$home.new"
cp "$here/uninstall.sh" "$home.new/uninstall.sh"
rm -rf "$home"
mv "$home.new" "$home"
ln -sf "$home/hilum" "$prefix/bin/hilum"
ln -sf "$home/core" "$prefix/bin/hilum-core"

share=$prefix/share
(cd "$here/share" && find . -type f) | while IFS= read -r file; do
    mkdir -p "$share/$(dirname "$file")"
    cp "$here/share/$file" "$share/$file"
done
# The menu entry names the program in quotes: the folder's name may hold anything.
quoted=$(printf '%s' "$home/hilum" | sed -e 's/[\\"`$]/\\\\&/g' -e 's/%/%%/g')
escaped=$(printf '%s' "$quoted" | sed -e 's/[\\&|]/\\&/g')
sed "s|@HILUM@|\"$escaped\"|" "$here/share/applications/hilum.desktop" \
    >"$share/applications/hilum.desktop"

if command -v update-desktop-database >/dev/null; then
    update-desktop-database "$share/applications" || true
fi
if command -v update-mime-database >/dev/null; then
    update-mime-database "$share/mime" || true
fi
echo "Hilum is in $home and in the menu. In a terminal: $prefix/bin/hilum-core"
echo "To remove it: sh \"$home/uninstall.sh\""
