#!/bin/sh
# make_dmg.sh EDITION OUT.dmg: the disk image of the app. Untried: it takes macOS.
set -eu
app=$(dirname "$0")/../../dist/$1/Hilum.app
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Beside the app a link to where it belongs: one drags the one onto the other.
cp -R "$app" "$folder/Hilum.app"
ln -s /Applications "$folder/Applications"

# Signed for this machine alone, which arm64 asks for. Without a developer's signature
# the first start is by right click and Open; with one, set CODESIGN_IDENTITY.
codesign --force --deep --sign "${CODESIGN_IDENTITY:--}" "$folder/Hilum.app"

hdiutil create -volname Hilum -srcfolder "$folder" -ov -format UDZO "$2"
