#pragma once

#include <map>
#include <string>

// The command line as --name=value; other arguments are ignored.
class Options {
 public:
  Options(int count, char** arguments) {
    for (int index = 1; index < count; ++index) {
      const std::string argument = arguments[index];
      const auto equals = argument.find('=');
      if (argument.rfind("--", 0) == 0 && equals != argument.npos) {
        values_[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
      }
    }
  }

  std::string text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

  double number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stod(found->second);
  }

 private:
  std::map<std::string, std::string> values_;
};
