using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>A container that was asked to end, and by when it is to have ended.</summary>
/// <param name="Epoch">Which start of the instance.</param>
/// <param name="Boot">Which boot of the machine: its clock says nothing after another.</param>
/// <param name="KillAt">It is ended by force then; since that boot.</param>
sealed record StopTerm(int Epoch, string Boot, TimeSpan KillAt);

/// <summary>Where a run of the agent leaves its <see cref="StopTerm"/> of an instance for the next one. What cannot be read is nothing.</summary>
sealed class StopFile(DataFolder folder, string instance, Action<string, Exception> onFault)
{
    readonly string path = Path.Combine(folder.Records, instance + ".stop");

    public StopTerm? Read()
    {
        try
        {
            return Codec.Decode<StopTerm>(File.ReadAllBytes(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(StopTerm term)
    {
        try
        {
            DataFolder.WriteAtomically(path, Codec.Encode(term));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault($"stop of {instance}", fault);
        }
    }

    public void Delete()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault($"stop of {instance}", fault);
        }
    }
}
