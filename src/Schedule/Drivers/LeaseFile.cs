using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>Where a run of the agent leaves its <see cref="LeaseTerm"/> for the next one: <c>agent/lease.json</c>. What cannot be read is nothing.</summary>
sealed class LeaseFile(DataFolder folder, Action<string, Exception> onFault)
{
    readonly string path = Path.Combine(folder.Agent, "lease.json");

    public LeaseTerm? Read()
    {
        try
        {
            return Codec.Decode<LeaseTerm>(File.ReadAllBytes(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(LeaseTerm term)
    {
        try
        {
            DataFolder.WriteAtomically(path, Codec.Encode(term));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault("lease.json", fault);
        }
    }
}
