using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Schedule.Drivers;

/// <summary>Where a run of the agent leaves one term for the next run. What cannot be read is nothing; what cannot be written is reported.</summary>
/// <param name="path">The file.</param>
/// <param name="about">What a fault is about, for people.</param>
/// <param name="onFault">Told of what cannot be written.</param>
sealed class TermFile<T>(string path, string about, Action<string, Exception> onFault)
    where T : class
{
    public T? Read()
    {
        try
        {
            return Codec.Decode<T>(File.ReadAllBytes(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(T term) => Try(() => DataFolder.WriteAtomically(path, Codec.Encode(term)));

    public void Delete() => Try(() => File.Delete(path));

    void Try(Action act)
    {
        try
        {
            act();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault(about, fault);
        }
    }
}
