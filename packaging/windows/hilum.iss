; Inno Setup 6 script: the Windows installer of Hilum. Untried: it takes Windows.
; From the repository's root, after `python run.py build --edition full`:
;     iscc /DEdition=full /DVersion=0.1.0 packaging\windows\hilum.iss

#ifndef Edition
  #define Edition "full"
#endif
#ifndef Version
  #define Version "0.0.0"
#endif

[Setup]
; One identity for both editions: installing one takes the place of the other.
AppId={{6E0C3F0B-5E44-4C0F-9B0C-3C1F7B0D9A52}
AppName=Hilum
AppVersion={#Version}
AppPublisher=The Hilum authors
LicenseFile=..\..\LICENSE
; For this user alone unless the user chooses otherwise: no administrator is needed.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
DefaultDirName={autopf}\Hilum
DisableProgramGroupPage=yes
SetupIconFile=..\..\resources\icons\hilum.ico
UninstallDisplayIcon={app}\hilum.exe
OutputDir=..\..\dist
OutputBaseFilename=hilum-{#Edition}-{#Version}-windows-x64
Compression=lzma2
SolidCompression=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
; Explorer learns of the file types at once.
ChangesAssociations=yes

[InstallDelete]
; What an earlier version had and this one has not must not stay.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "..\..\dist\{#Edition}\hilum\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{autoprograms}\Hilum"; Filename: "{app}\hilum.exe"

[Registry]
; "Open with" for films, without taking them from the program that opens them now.
Root: HKA; Subkey: "Software\Classes\Applications\hilum.exe\shell\open\command"; ValueType: string; ValueData: """{app}\hilum.exe"" ""%1"""; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\hilum.exe\SupportedTypes"; ValueType: string; ValueName: ".dcm"; ValueData: ""; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\hilum.exe\SupportedTypes"; ValueType: string; ValueName: ".png"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\hilum.exe\SupportedTypes"; ValueType: string; ValueName: ".jpg"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\Applications\hilum.exe\SupportedTypes"; ValueType: string; ValueName: ".tif"; ValueData: ""
; A .hilum file is Hilum's own.
Root: HKA; Subkey: "Software\Classes\.hilum"; ValueType: string; ValueData: "Hilum.Model"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\Hilum.Model"; ValueType: string; ValueData: "Hilum model"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Hilum.Model\DefaultIcon"; ValueType: string; ValueData: "{app}\hilum.exe,0"
Root: HKA; Subkey: "Software\Classes\Hilum.Model\shell\open\command"; ValueType: string; ValueData: """{app}\hilum.exe"" ""%1"""

[Run]
Filename: "{app}\hilum.exe"; Description: "Open Hilum"; Flags: nowait postinstall skipifsilent
