// The rules that come with the program: test files, and shapes that no honest mail has. They complement a virus scanner; they are none.

rule Hauberk_Second_Engine_Test_File
{
    meta:
        description = "the test file of the second engine, which no other engine knows"
    strings:
        $a = "HAUBERK-SECOND-ENGINE-TEST-FILE-9c1f4be27d50" ascii wide
    condition:
        $a
}

rule EICAR_Test_File
{
    meta:
        description = "the EICAR test file"
    strings:
        $a = { 58 35 4f 21 50 25 40 41 50 5b 34 5c 50 5a 58 35 34 28 50 5e 29 37 43 43 29 37 7d 24 45 49 43 41 52 2d 53 54 41 4e 44 41 52 44 2d 41 4e 54 49 56 49 52 55 53 2d 54 45 53 54 2d 46 49 4c 45 21 24 48 2b 48 2a }
    condition:
        $a
}

rule HTML_Smuggling
{
    meta:
        description = "a web page that builds a file and downloads it by itself"
    strings:
        $page = /<(script|svg|html)[\s>]/ nocase
        $blob = "new Blob(" nocase
        $save = "msSaveOrOpenBlob" nocase
        $url = "createObjectURL(" nocase
        $download = ".download" nocase
        $click = ".click(" nocase
        $decode = "atob(" nocase
    condition:
        $page and $blob and ($save or ($url and $download and $click)) and ($decode or filesize > 50KB)
}

rule Shortcut_To_Interpreter
{
    meta:
        description = "a Windows shortcut that starts an interpreter"
    strings:
        $a = "powershell" ascii wide nocase
        $b = "cmd.exe" ascii wide nocase
        $c = "mshta" ascii wide nocase
        $d = "wscript" ascii wide nocase
        $e = "rundll32" ascii wide nocase
    condition:
        uint32(0) == 0x0000004c and uint32(4) == 0x00021401 and any of them
}

rule Encoded_PowerShell
{
    meta:
        description = "a PowerShell command that hides what it does"
    strings:
        $a = /powershell(\.exe)?["']?\s[^\r\n]{0,100}-e(nc|ncodedcommand|c)?\s+[A-Za-z0-9+\/=]{60,}/ nocase ascii wide
    condition:
        $a
}

rule RTF_Equation_Editor
{
    meta:
        description = "a rich text document with an object of the equation editor (CVE-2017-11882)"
    strings:
        $rtf = "{\\rt"
        $a = "Equation.3" nocase
        $b = "4571756174696f6e2e33" nocase
        $c = /02ce0200[0-9a-f\s]{0,20}0000[0-9a-f\s]{0,20}c000/ nocase
    condition:
        $rtf at 0 and any of ($a, $b, $c)
}
