using System.Globalization;

namespace Mainstay.State.Etcd;

/// <summary>
/// Where things lie under a store's prefix. <c>head</c> says where the log ends and <c>folded</c> how far it is folded; <c>log/</c> has the
/// records after that, <c>key/</c> and <c>lease/</c> what the folded ones came to, <c>part/</c> and <c>keypart/</c> what is too large for one
/// value, <c>session/</c> the stores that are open.
/// </summary>
sealed class EtcdLayout(string prefix)
{
    /// <summary>Of <see cref="Wire.LogHead.Format"/>.</summary>
    public const string Format = "mainstay store 1";

    /// <summary>Largest value that is written in one piece, in bytes. etcd takes requests of 1.5 MiB unless told otherwise.</summary>
    public const int PartBytes = 1 << 20;

    public string Head { get; } = $"{prefix}/head";

    public string Folded { get; } = $"{prefix}/folded";

    public string Log { get; } = $"{prefix}/log/";

    public string Keys { get; } = $"{prefix}/key/";

    public string Leases { get; } = $"{prefix}/lease/";

    public string Sessions { get; } = $"{prefix}/session/";

    public string Parts { get; } = $"{prefix}/part/";

    public string All { get; } = $"{prefix}/";

    /// <summary>A record's key: the store's revision after it, so that a revision can be found, and its place in the log.</summary>
    public string Record(long revision, long sequence) => Hex($"{Log}{revision:x16}/{sequence:x16}");

    /// <summary>Where the record that made a revision is found, or the first after it.</summary>
    public string RecordOf(long revision) => Hex($"{Log}{revision:x16}/");

    public string PartsOf(long writer, long number) => Hex($"{Parts}{writer:x16}-{number:x16}/");

    public string Key(string key) => Keys + key;

    public string PartsOf(string key, long revision) => Hex($"{prefix}/keypart/{key}\0{revision:x16}/");

    /// <summary>Before all parts of all revisions of a key.</summary>
    public string AllPartsOf(string key) => $"{prefix}/keypart/{key}\0";

    public string Lease(long id) => Hex($"{Leases}{id:x16}");

    public string Session(long id) => Hex($"{Sessions}{id:x16}");

    /// <summary>The id at the end of a key.</summary>
    public static long Id(string key) => long.Parse(key.AsSpan(key.LastIndexOf('/') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A record's place in the log, from its key.</summary>
    public static long Sequence(string key) => Id(key);

    static string Hex(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
