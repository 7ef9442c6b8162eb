using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace HieraVid.Build;

/// <summary>
/// Copies the TorchSharp package's native library so that it loads with the libstdc++ of Debian 12 and Ubuntu 22.04, too, and
/// finds libtorch in the folder "libtorch" beside it.
/// <para>
/// The library was linked by GCC 13, which notes a need of GLIBCXX_3.4.32 for a single symbol: a marker that says "the streams of
/// libstdc++ are set up by the library itself". Nothing calls it. In the copy the need is marked weak, as the ELF format allows:
/// where that version is missing the loader says nothing. The build fails where the package does not look like that any more.
/// </para>
/// </summary>
public sealed class RunsWithOldLibstdcxx : Task
{
    private const string Version = "GLIBCXX_3.4.32", Marker = "_ZSt21ios_base_library_initv";
    private const string SearchPath = "$ORIGIN/libtorch:$ORIGIN:$ORIGIN/runtimes/linux-x64/native";
    private const uint Dynamic = 6, DynamicSymbols = 11, VersionsNeeded = 0x6ffffffe, VersionOfSymbol = 0x6fffffff;
    private const long RunPath = 29;
    private const ushort Weak = 2;

    private byte[] _elf = [];

    /// <summary>The package's library: ELF, 64 bits, little-endian.</summary>
    [Required]
    public string Library { get; set; } = "";

    /// <summary>Where the copy goes.</summary>
    [Required]
    public string Copy { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            _elf = File.ReadAllBytes(Library);
            MarkWeak();
            SearchBeside();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or IndexOutOfRangeException or ArgumentException)
        {
            Log.LogError($"{Library} is not the library that this build step knows ({exception.Message}); look at {nameof(RunsWithOldLibstdcxx)}.cs.");
            return false;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(Copy)!);
        File.WriteAllBytes(Copy, _elf);
        return true;
    }

    private void MarkWeak()
    {
        var needed = Section(VersionsNeeded);
        var names = Section(needed.Link);
        long? found = null;
        for (long file = needed.Offset, next; ; file += next)
        {
            for (long version = file + UInt32(file + 8), step; ; version += step)
            {
                if (Text(names.Offset + UInt32(version + 8)) == Version)
                    found = version;
                step = UInt32(version + 12);
                if (step == 0)
                    break;
            }
            next = UInt32(file + 12);
            if (next == 0)
                break;
        }
        if (found is not { } need)
            throw new InvalidDataException($"it does not need {Version}");
        var users = SymbolsOf(UInt16(need + 6));
        if (users.Count != 1 || users[0] != Marker)
            throw new InvalidDataException($"it needs {Version} for {string.Join(", ", users)}");
        _elf[need + 4] |= (byte)Weak;
    }

    private List<string> SymbolsOf(ushort version)
    {
        var (symbols, versions) = (Section(DynamicSymbols), Section(VersionOfSymbol));
        var names = Section(symbols.Link);
        var found = new List<string>();
        for (long i = 0; i < symbols.Size / 24; i++)
            if ((UInt16(versions.Offset + 2 * i) & 0x7fff) == version)
                found.Add(Text(names.Offset + UInt32(symbols.Offset + 24 * i)));
        return found;
    }

    // The path is written over the one of the machine that built the package, which is longer.
    private void SearchBeside()
    {
        var dynamic = Section(Dynamic);
        var names = Section(dynamic.Link);
        for (var entry = dynamic.Offset; entry < dynamic.Offset + dynamic.Size; entry += 16)
        {
            if (Int64(entry) != RunPath)
                continue;
            var at = names.Offset + Int64(entry + 8);
            var old = Text(at);
            if (!old.StartsWith("$ORIGIN/:", StringComparison.Ordinal) || old.Length < SearchPath.Length)
                throw new InvalidDataException($"it searches {old}");
            Array.Clear(_elf, (int)at, old.Length);
            Encoding.ASCII.GetBytes(SearchPath).CopyTo(_elf, at);
            return;
        }
        throw new InvalidDataException("it has no search path");
    }

    private (long Offset, long Size, int Link) Section(uint type)
    {
        for (var i = 0; i < UInt16(60); i++)
            if (UInt32(Header(i) + 4) == type)
                return Section(i);
        throw new InvalidDataException($"it has no section of type {type:x}");
    }

    private (long Offset, long Size, int Link) Section(int index) =>
        (Int64(Header(index) + 24), Int64(Header(index) + 32), (int)UInt32(Header(index) + 40));

    private long Header(int index) =>
        UInt32(0) == 0x464c457f && _elf[4] == 2 ? Int64(40) + index * UInt16(58) : throw new InvalidDataException("it is no 64-bit ELF file");

    private ushort UInt16(long at) => BitConverter.ToUInt16(_elf, (int)at);

    private uint UInt32(long at) => BitConverter.ToUInt32(_elf, (int)at);

    private long Int64(long at) => BitConverter.ToInt64(_elf, (int)at);

    private string Text(long at) => Encoding.ASCII.GetString(_elf, (int)at, Array.IndexOf(_elf, (byte)0, (int)at) - (int)at);
}
