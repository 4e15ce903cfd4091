#!/bin/sh
# @nestjs/core 12.5.1 and @azure/identity 4.13.1 allow Node 20, and yarn 1.22.22 refuses to install either of them there: their
# dependencies file-type 22.3.0 and @azure/abort-controller 2.2.0 want Node 22, and yarn takes `engines` of dependencies
# for binding. npm warns and installs. Needs Node 20.
# Seen: "The engine "node" is incompatible with this module. Expected version ">=22"" and exit code 1; npm: exit code 0
set -eu
case $(node -v) in v20.*) ;; *) echo 'Run it with Node 20.' && exit 2 ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --prefix tool yarn@1.22.22
for package in @nestjs/common@12.5.1 @azure/identity@4.13.1; do
  name=$(echo "$package" | tr -c 'a-z0-9\n' _)
  mkdir "$name" && cd "$name"
  npm init -y >/dev/null
  status=0
  node ../tool/node_modules/yarn/bin/yarn.js add --no-lockfile --ignore-scripts "$package" >log 2>&1 || status=$?
  grep -o 'error .*The engine "node" is incompatible.*' log
  [ "$status" -eq 1 ]
  npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts "$package" 2>/dev/null
  echo "npm installed $package"
  cd ..
done
