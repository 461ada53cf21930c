using System.Globalization;

namespace Mainstay.State.Flows;

/// <summary>
/// Where runs lie under a store's prefix in etcd. <c>flow/head</c> says who writes; <c>flow/run/</c> has the runs, with their rows while those are small; <c>flow/row/</c> single rows of
/// the others, under the run's version; <c>flow/part/</c> what is too large for one value; <c>flow/definition/</c> the declarations that runs keep.
/// </summary>
sealed class FlowLayout(string prefix)
{
    /// <summary>Of <see cref="Etcd.Wire.FlowHead.Format"/>.</summary>
    public const string Format = "mainstay flows 1";

    public string Head { get; } = $"{prefix}/flow/head";

    public string Runs { get; } = $"{prefix}/flow/run/";

    public string Rows { get; } = $"{prefix}/flow/row/";

    public string Parts { get; } = $"{prefix}/flow/part/";

    public string Definitions { get; } = $"{prefix}/flow/definition/";

    public string Run(string id) => Runs + id;

    public string Definition(string digest) => Definitions + digest;

    /// <summary>All rows and parts of a run begin with these.</summary>
    public (string Rows, string Parts) Of(string id) => ($"{Rows}{id}/", $"{Parts}{id}/");

    public string RowsOf(string id, long version) => string.Create(CultureInfo.InvariantCulture, $"{Rows}{id}/{version:x16}/");

    public string PartsOf(string id, long version) => string.Create(CultureInfo.InvariantCulture, $"{Parts}{id}/{version:x16}/");

    /// <summary>No run's id ends in a tilde.</summary>
    public string PartsOfDefinition(string digest) => $"{Parts}{digest}~/";
}
