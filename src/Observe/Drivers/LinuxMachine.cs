using System.Globalization;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;
using Microsoft.Win32.SafeHandles;

namespace Mainstay.Observe.Drivers;

/// <summary>The machine that we run on, as Linux tells it. Used by one thread at a time.</summary>
public sealed class LinuxMachine : IMachine, IDisposable
{
    /// <summary>What is longer is read as far as this, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    readonly Dictionary<string, SafeFileHandle?> kept = new(StringComparer.Ordinal);
    byte[] buffer = new byte[16 << 10];

    // USER_HZ, what the kernel counts in towards programs, is 100 on every architecture that .NET runs on.
    public double TicksPerSecond => 100;

    public int PageBytes => Environment.SystemPageSize;

    public ReadOnlySpan<byte> Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return Read(file);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return default;
        }
    }

    public ReadOnlySpan<byte> ReadKept(string path)
    {
        try
        {
            if (!kept.TryGetValue(path, out var file))
            {
                kept[path] = file = File.Exists(path) ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite) : null;
            }

            return file is null ? default : Read(file);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            kept[path] = null;
            return default;
        }
    }

    public void Numbers(string folder, List<int> into)
    {
        try
        {
            foreach (var path in Directory.EnumerateDirectories(folder))
            {
                if (int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    into.Add(number);
                }
            }
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
        }
    }

    public int Entries(string folder)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(folder).Count();
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return -1;
        }
    }

    public Space? SpaceOf(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            return new((ulong)drive.TotalSize, (ulong)drive.TotalFreeSpace, (ulong)drive.AvailableFreeSpace);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        foreach (var file in kept.Values)
        {
            file?.Dispose();
        }
    }

    // Files that the kernel makes have no length; they are read until nothing comes.
    ReadOnlySpan<byte> Read(SafeFileHandle file)
    {
        var used = 0;
        while (true)
        {
            var count = RandomAccess.Read(file, buffer.AsSpan(used), used);
            if (count == 0)
            {
                return buffer.AsSpan(0, used);
            }

            used += count;
            if (used == buffer.Length)
            {
                if (used >= MostBytes)
                {
                    return buffer.AsSpan(0, used);
                }

                Array.Resize(ref buffer, used * 2);
            }
        }
    }
}
