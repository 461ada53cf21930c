using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schema;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public class TypeScriptTypesTests
{
    static readonly string Text = TypeScriptTypes.Generate(CoreKinds.All);

    [Fact]
    public void Every_kind_is_an_interface_with_its_name_as_tag()
    {
        foreach (var kind in CoreKinds.All.All)
        {
            Text.ShouldContain($"export interface {kind.Type.Name} {{\n  kind: \"{kind.Name}\";\n");
            Text.ShouldContain($"  {kind.Name}: {kind.Type.Name};\n");
        }
    }

    [Theory]
    [InlineData("  version?: string;")]
    [InlineData("  needs: Record<string, NeedSpec>;")]
    [InlineData("  inputs: string[];")]
    [InlineData("  at: Timestamp;")]
    [InlineData("  min: number;")]
    [InlineData("export type Criticality = \"low\" | \"medium\" | \"high\" | \"critical\";")]
    [InlineData("  grace: Duration;")]
    public void Types_are_those_of_the_wire(string line) => Text.ShouldContain(line + "\n");

    [Fact]
    public void Comments_come_along() => Text.ShouldContain("Default 10s; 0s to 10m. */\n  grace: Duration;");

    [Fact]
    public void Every_type_that_is_used_is_declared_once()
    {
        var declared = Text.Split('\n').Where(l => l.StartsWith("export ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToArray();
        declared.ShouldBeUnique();
        declared.ShouldContain("InstanceTemplate");
        declared.ShouldContain("FieldChange");
    }
}
