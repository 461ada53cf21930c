using System.Text;
using Mainstay.Observe.Correlate;

namespace Mainstay.Observe.Drivers;

/// <summary>Keeps what is usual in one file, replaced as a whole, so that it outlives the process.</summary>
/// <param name="path">Absolute.</param>
public sealed class UsualFile(string path)
{
    // Grows with every change of what is written; a file of another number is not read.
    const int Version = 1;
    const int Most = 1_000_000;

    /// <summary>What was kept; nothing where there is no file that can be read.</summary>
    public IReadOnlyList<LongUsual> Read()
    {
        try
        {
            return File.Exists(path) ? Decode(File.ReadAllBytes(path)) : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Replaces it; why it could not, or null.</summary>
    public string? Write(IReadOnlyList<LongUsual> all)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes($"{path}.new", Encode(all));
            File.Move($"{path}.new", path, overwrite: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be written: {fault.Message}";
        }
    }

    static byte[] Encode(IReadOnlyList<LongUsual> all)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        to.Write(Version);
        to.Write(all.Count);
        foreach (var one in all)
        {
            to.Write(one.Subject);
            to.Write(one.Figure.ToString());
            to.Write(one.Seen.ToUnixTimeSeconds());
            Write(to, one.Last);
            to.Write(one.Hours.Count);
            foreach (var (hour, usual) in one.Hours)
            {
                to.Write(hour);
                Write(to, usual);
            }
        }

        return bytes.ToArray();
    }

    static List<LongUsual> Decode(byte[] bytes)
    {
        using var from = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        if (from.ReadInt32() != Version || from.ReadInt32() is var count && count is < 0 or > Most)
        {
            return [];
        }

        var all = new List<LongUsual>();
        for (var i = 0; i < count; i++)
        {
            var (subject, isKnown) = (from.ReadString(), Enum.TryParse<Figure>(from.ReadString(), out var figure));
            var seen = DateTimeOffset.FromUnixTimeSeconds(from.ReadInt64());
            var last = ReadOne(from);
            var hours = new Dictionary<int, Baseline>();
            for (var left = from.ReadInt32(); left > 0; left--)
            {
                hours[from.ReadInt32()] = ReadOne(from);
            }

            if (isKnown)
            {
                all.Add(new(subject, figure, last, hours, seen));
            }
        }

        return all;
    }

    static void Write(BinaryWriter to, Baseline usual)
    {
        to.Write((float)usual.Median);
        to.Write((float)usual.Spread);
        to.Write(usual.Steps);
    }

    static Baseline ReadOne(BinaryReader from) => new(from.ReadSingle(), from.ReadSingle(), from.ReadInt32());
}
